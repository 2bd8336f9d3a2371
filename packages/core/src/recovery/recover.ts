import { type Analysis, analyze, type Group } from '@snp/graph';
import { cloneModel, Tensor, type Value } from '@snp/onnx';
import type { Statistics } from '@snp/score';
import { type Plan, removedUnits } from '../plan/plan.js';
import { type LinearReader, linearReader } from './linearReader.js';
import type { PairMoments } from './pairMoments.js';
import { type Prediction, predictMeans, predictRemoved } from './predictRemoved.js';
import { recoverQueries } from './recoverQueries.js';
import type { SecondMoments } from './secondMoments.js';

/** How what stays makes up for what leaves: not at all, by the mean of what leaves, or by predicting it. */
export type RecoveryKind = 'none' | 'mean' | 'ridge';

/** What recovery did for each group that lost units: `done`, or why it could do nothing. */
export type RecoveryOutcomes = ReadonlyMap<string, string>;

/**
 * Rewrites the layers that read units which will leave, so that those that stay carry their part: the original model with
 * other weights, to be cut by the same plan afterwards. Shapes and operators stay as they are. `mean` acts on value and FFN groups,
 * `ridge` on query/key groups too; others are left as they were, with the reason.
 *
 * @param statistics By group, with `secondMoments` and `pairMoments` of each.
 */
export function recover(
  analysis: Analysis,
  plan: Plan,
  statistics: ReadonlyMap<string, Statistics>,
  kind: Exclude<RecoveryKind, 'none'>,
): { analysis: Analysis; outcomes: RecoveryOutcomes } {
  const model = cloneModel(analysis.model);
  const recovered = analyze(model);
  const outcomes = new Map<string, string>();
  for (const group of recovered.groups) {
    const removed = removedUnits(plan, group);
    if (removed.length === 0) continue;
    const { keep } = plan.groups[group.id];
    const { secondMoments, pairMoments } = (statistics.get(group.id) ?? {}) as GroupStatistics;
    const queries = group.kind === 'query-key' && kind === 'ridge';
    const outcome = queries
      ? recoverQueries(group, keep, pairMoments, recovered)
      : recoverGroup(group, keep, removed, secondMoments, kind);
    outcomes.set(group.id, outcome);
  }
  return { analysis: recovered, outcomes };
}

interface GroupStatistics {
  secondMoments?: SecondMoments;
  pairMoments?: PairMoments;
}

function recoverGroup(
  group: Group,
  kept: readonly number[],
  removed: readonly number[],
  moments: SecondMoments | undefined,
  kind: Exclude<RecoveryKind, 'none'>,
): string {
  if (group.kind !== 'value' && group.kind !== 'ffn') return `no ${kind} recovery for groups of kind ${group.kind}`;
  const reader = linearReader(group);
  if (typeof reader === 'string') return reader;
  if (!moments) return 'no statistics';
  const centred = reader.bias !== undefined;
  if (kind === 'mean' && !centred) return 'is read by a layer without a bias to take the mean';
  const prediction =
    kind === 'mean' ? predictMeans(moments, kept, removed) : predictRemoved(moments, kept, removed, { centred });
  if (!prediction) return 'the calibration data give no finite solution';
  fold(reader, kept, removed, prediction);
  return 'done';
}

/** W_S' = W_S + B^T W_P and b' = b + c W_P. */
function fold(
  { member, bias }: LinearReader,
  kept: readonly number[],
  removed: readonly number[],
  prediction: Prediction,
): void {
  const tensor = member.initializer.tensor!;
  const outputs = tensor.dims[1 - member.axis];
  const data = Float64Array.from(tensor.numbers());
  const positionOf = new Int32Array(member.unitOf.length);
  member.unitOf.forEach((unit, position) => {
    positionOf[unit] = position;
  });
  // Element (unit, output) lies at unit * along + output * across.
  const [along, across] = member.axis === 0 ? [outputs, 1] : [1, tensor.dims[1]];
  const offset = new Float64Array(outputs);
  removed.forEach((unit, j) => {
    const from = positionOf[unit] * along;
    for (let o = 0; o < outputs; o++) offset[o] += prediction.offsets[j] * data[from + o * across];
    kept.forEach((other, i) => {
      const share = prediction.weights[i * removed.length + j];
      if (share === 0) return;
      const to = positionOf[other] * along;
      for (let o = 0; o < outputs; o++) data[to + o * across] += share * data[from + o * across];
    });
  });
  member.initializer.tensor = Tensor.float32(tensor.dims, Float32Array.from(data));
  if (bias) addTo(bias, offset);
}

function addTo(bias: Value, offset: Float64Array): void {
  const tensor = bias.tensor!;
  const sum = Float32Array.from(tensor.numbers(), (element, at) => element + offset[at]);
  bias.tensor = Tensor.float32(tensor.dims, sum);
}

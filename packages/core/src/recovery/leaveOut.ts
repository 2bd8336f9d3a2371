import type { Branch } from '@snp/graph';
import { Tensor, type Value } from '@snp/onnx';
import type { SecondMoments } from '../statistics/secondMoments.js';
import { type LinearReader, linearReader, readerRows, writeReader } from './linearReader.js';
import type { RecoveryMethod } from './method.js';
import { product } from './product.js';

/** How a branch of the residual stream is left out. */
export interface BranchMethod extends RecoveryMethod {
  /** @param gone Ids of all branches that leave: their biases can take nothing over. */
  apply(kept: readonly number[], gone?: ReadonlySet<string>): boolean;
}

/**
 * A branch that leaves is replaced by its mean: the bias of the branch before it, which is added to the same stream, gains what it gave on average. That is
 * exact where no norm lies on the stream between the two.
 *
 * @param moments Of the neurons that the branch's last layer reads.
 * @param inner How those are recovered.
 * @returns Why it cannot be done, if so.
 */
export function leaveOut(
  branch: Branch,
  branches: readonly Branch[],
  moments: SecondMoments | undefined,
  inner: RecoveryMethod | undefined,
): BranchMethod | string {
  const layer = lastLayer(branch);
  if (typeof layer === 'string') return layer;
  if (!moments || !inner) return 'has no statistics';
  const units = layer.member.unitOf.length;
  const weights = readerRows(layer);
  const outputs = weights.length / units;
  const before = earlier(branch, branches);
  const centred = before.length > 0;
  const centre = Float64Array.from(moments.sums, (sum) => sum / moments.count);
  const mean = product(centre, weights, 1, units, outputs);
  if (layer.bias) for (const [o, element] of layer.bias.tensor!.numbers().entries()) mean[o] += element;
  // All neurons gone, but for the mean.
  const spread = inner.errors[0];
  const error = spread + (centred ? 0 : mean.reduce((sum, x) => sum + x * x, 0));
  return {
    group: branch,
    name: centred ? 'mean' : 'nothing',
    errors: Float64Array.of(error, 0),
    select: (keep) => (keep > 0 ? [0] : []),
    touches: [layer.member.initializer, layer.bias, ...before.map((other) => other.bias)].flatMap(
      (value) => value ?? [],
    ),
    apply(kept, gone = new Set([branch.id])) {
      if (kept.length > 0) return true;
      writeReader(layer, [], { weights: new Float64Array(0), offset: new Float64Array(outputs) });
      if (layer.bias) layer.bias.tensor = Tensor.float32(layer.bias.tensor!.dims, new Float32Array(outputs));
      const heir = before.find(({ id }) => !gone.has(id));
      if (heir) addTo(heir.bias, mean);
      return true;
    },
  };
}

/** The layer whose result, bias and all, the branch adds to the stream. */
function lastLayer(branch: Branch): LinearReader | string {
  const layers = branch.groups
    .filter(({ kind }) => kind === 'value' || kind === 'ffn')
    .map((group) => linearReader(group))
    .filter((reader) => typeof reader !== 'string');
  const added = branch.sum.inputs[1 - branch.stream];
  const found = layers.find(({ site, bias }) => {
    const [result] = site.node.outputs;
    const biased = bias && site.node.opType !== 'Gemm' ? result?.consumers[0]?.outputs[0] : result;
    return biased === added;
  });
  return found ?? 'does not end with a layer that can be rewritten';
}

/** Branches before one on the same stream whose last layer has a bias, the nearest first, and what is behind the first layer of the model. */
function earlier(branch: Branch, branches: readonly Branch[]): { id: string; bias: Value }[] {
  const found: { id: string; bias: Value }[] = [];
  for (let at: Branch | undefined = branch; at; ) {
    const stream: Value | undefined = at.sum.inputs[at.stream];
    const previous: Branch | undefined = branches.find(({ sum }) => sum.outputs[0] === stream);
    const layer = previous && lastLayer(previous);
    if (previous && typeof layer === 'object' && layer.bias) found.push({ id: previous.id, bias: layer.bias });
    at = previous;
  }
  return found;
}

function addTo(bias: Value, offset: Float64Array): void {
  const sum = Float32Array.from(bias.tensor!.numbers(), (element, at) => element + offset[at]);
  bias.tensor = Tensor.float32(bias.tensor!.dims, sum);
}

import type { Member, NeuronGroup, Site } from '@snp/graph';
import { isFloatType } from '@snp/onnx';
import { triangleAt } from '@snp/runtime';
import type { Weights } from '../layers/weights.js';
import type { PairMoments } from '../statistics/moments.js';
import type { Compensation } from './compensation.js';
import type { CompensationMethod } from './method.js';
import { byScore } from './refitReader.js';

/**
 * Query/key units in order of the power of their products, E q_i^2 E k_i^2, with nothing to make up for those that leave: for heads
 * whose neurons may not be mixed.
 */
export const pickPairs: CompensationMethod = {
  statistics: ['pairMoments'],
  prepare: (group, { moments }) => pickingOf(group, moments.pairMoments),
};

/** That compensation, or why it cannot be done. */
export function pickingOf(group: NeuronGroup, moments: PairMoments | undefined): Compensation | string {
  const sites = (['query', 'key'] as const).map((role) => group.sites.filter((site) => site.role === role));
  if (group.kind !== 'query-key' || sites.some((list) => list.length !== 1))
    return 'is no single pair of queries and keys';
  if (!moments) return 'has no statistics';
  const [queries, keys] = [moments.queries, moments.keys].map((heads, side) =>
    powers(group, sites[side][0], heads, moments.count),
  );
  const scores = new Float64Array(group.units);
  for (let lane = 0; lane < group.lanes; lane++) {
    const [own, others] = [queries, keys].map((heads) => heads.filter((head) => head.lane === lane));
    for (const [at, { power }] of own.entries()) {
      // Several queries may share a key.
      const key = others[Math.floor((at * others.length) / own.length)];
      for (const [unit, x] of power.entries()) scores[unit] += x * (key?.power[unit] ?? 0);
    }
  }
  return {
    group,
    name: 'picking',
    ...byScore(group, scores),
    touches: writersOf(group).map(({ initializer }) => initializer),
    async apply(kept, weights) {
      silence(group, new Set(kept), weights);
      return true;
    },
  };
}

/** What a group's neurons are made by: weights, and vectors that are added. Tables that others read, too, stay as they are. */
function writersOf({ members }: NeuronGroup): Member[] {
  return members.filter(({ role, use, initializer }) => {
    const { dims, dataType } = initializer.tensor!;
    const vector = role === 'elementwise' && dims.filter((size) => size > 1).length <= 1;
    return use === undefined && isFloatType(dataType) && (role === 'output' || vector);
  });
}

/** Makes the neurons of units that leave zero where they are written. */
function silence(group: NeuronGroup, stays: ReadonlySet<number>, weights: Weights): void {
  for (const { initializer, axis, unitOf } of writersOf(group)) {
    const { dims } = initializer.tensor!;
    const inner = dims.slice(axis + 1).reduce((product, size) => product * size, 1);
    const data = Float32Array.from(weights.numbers(initializer));
    for (let row = 0; row < data.length; row += inner) {
      const unit = unitOf[(row / inner) % dims[axis]];
      if (unit >= 0 && !stays.has(unit)) data.fill(0, row, row + inner);
    }
    weights.write(initializer, data);
  }
}

/** By heads, mean squares of every unit's neurons, all its positions in the head together. */
function powers(
  group: NeuronGroup,
  { unitAt, lanes }: Site,
  heads: readonly Float64Array[],
  count: number,
): { lane: number; power: Float64Array }[] {
  const width = unitAt.length / lanes;
  return heads.map((products, head) => {
    const power = new Float64Array(group.units);
    unitAt.subarray(head * width, (head + 1) * width).forEach((unit, at) => {
      if (unit >= 0) power[unit] += products[triangleAt(at, at)] / count;
    });
    return { lane: group.laneOf[unitAt.find((unit, at) => unit >= 0 && at >= head * width) ?? 0], power };
  });
}

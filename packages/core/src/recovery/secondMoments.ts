import type { Group } from '@snp/graph';
import { type RuntimeTensor, secondMomentsTap } from '@snp/runtime';
import type { Accumulator, StatisticRequest } from '@snp/score';
import { linearReader } from './linearReader.js';

/** First and second moments of a group's units where their reader sees them, over all samples and tokens. */
export interface SecondMoments {
  /** Rows that were summed: samples times tokens. */
  count: number;
  /** Sum of every unit. */
  sums: Float64Array;
  /** Sums of products of every two units, [units, units]. */
  products: Float64Array;
}

/** Second moments of groups that one linear layer reads. */
export const secondMoments: StatisticRequest<SecondMoments> = {
  taps(group) {
    if (group.kind !== 'value' && group.kind !== 'ffn') return [];
    const reader = linearReader(group);
    return typeof reader === 'string' ? [] : [secondMomentsTap(reader.site.value, reader.site.rank, reader.site.axis)];
  },
  accumulate: (group) => new MomentsAccumulator(group),
};

class MomentsAccumulator implements Accumulator<SecondMoments> {
  readonly #sum: Float64Array;

  constructor(private readonly group: Group) {
    this.#sum = new Float64Array((group.units + 2) * group.units);
  }

  /** Each batch gives [units + 2, units]: products, sums, counts, in the order of positions. */
  add([output]: readonly RuntimeTensor[]): void {
    const data = output.data as Float32Array;
    for (let at = 0; at < data.length; at++) this.#sum[at] += data[at];
  }

  finish(): SecondMoments {
    const n = this.group.units;
    const unitAt = (linearReader(this.group) as { site: { unitAt: Int32Array } }).site.unitAt;
    const sums = new Float64Array(n);
    const products = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      sums[unitAt[i]] = this.#sum[n * n + i];
      for (let j = 0; j < n; j++) products[unitAt[i] * n + unitAt[j]] = this.#sum[i * n + j];
    }
    return { count: this.#sum[(n + 1) * n], sums, products };
  }
}

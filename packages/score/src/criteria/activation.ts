import type { Group, Site } from '@snp/graph';
import { momentsTap, type RuntimeTensor } from '@snp/runtime';
import type { Accumulator, Criterion, StatisticRequest } from '../criterion.js';
import { addOverSlices, projections } from '../slices.js';

/** First and second moments of a group's units at each of its sites, over all calibration samples and tokens. */
export interface UnitMoments {
  /** Mean of every unit, one array per site. */
  mean: Float64Array[];
  /** Variance of every unit, one array per site. */
  variance: Float64Array[];
}

/** Means and variances of units where they are observed. */
export const momentsStatistic: StatisticRequest<UnitMoments> = {
  taps: (group) => group.sites.map((site) => momentsTap(site.value, site.rank, channelAxes(site))),
  accumulate: (group) => new MomentsAccumulator(group),
};

function channelAxes(site: Site): number[] {
  return site.laneAxis === undefined || site.laneAxis === site.axis ? [site.axis] : [site.laneAxis, site.axis];
}

class MomentsAccumulator implements Accumulator<UnitMoments> {
  #sums: Float64Array[];
  #squares: Float64Array[];
  #counts: Float64Array[];

  constructor(private readonly group: Group) {
    this.#sums = group.sites.map(() => new Float64Array(group.units));
    this.#squares = group.sites.map(() => new Float64Array(group.units));
    this.#counts = group.sites.map(() => new Float64Array(group.units));
  }

  /** Each tap gives [3, lanes x positions]: sums, sums of squares, counts, per position. */
  add(outputs: readonly RuntimeTensor[]): void {
    outputs.forEach((output, at) => {
      const data = output.data as Float64Array;
      const { unitAt } = this.group.sites[at];
      const length = data.length / 3;
      for (let i = 0; i < length; i++) {
        const unit = unitAt[i % unitAt.length];
        if (unit < 0) continue;
        this.#sums[at][unit] += data[i];
        this.#squares[at][unit] += data[length + i];
        // A unit may have several positions.
        this.#counts[at][unit] += data[2 * length + i];
      }
    });
  }

  finish(): UnitMoments {
    const mean = this.#sums.map((sums, at) => sums.map((sum, unit) => sum / Math.max(1, this.#counts[at][unit])));
    const variance = this.#squares.map((squares, at) =>
      squares.map((square, unit) => Math.max(0, square / Math.max(1, this.#counts[at][unit]) - mean[at][unit] ** 2)),
    );
    return { mean, variance };
  }
}

/**
 * What a unit adds to the outputs it feeds, by the data: its variance times the squared norm of the weights that read it.
 * For query/key pairs: the product of the second moments of both neurons.
 */
export function activation(): Criterion {
  return {
    name: 'activation',
    statistics: { moments: momentsStatistic },
    score(group, statistics) {
      // None where no single value holds the units: then weights alone decide.
      const moments = statistics.moments as UnitMoments | undefined;
      if (group.kind === 'query-key' && moments) {
        const power = moments.mean.map((mean, at) => mean.map((m, unit) => m * m + moments.variance[at][unit]));
        return power.reduce((product, site) => product.map((p, unit) => p * site[unit]));
      }
      const outgoing = new Float64Array(group.units);
      for (const member of projections(group, 'input')) addOverSlices(member, outgoing, (element) => element * element);
      const sites = moments?.variance ?? [new Float64Array(group.units).fill(1)];
      const variance = new Float64Array(group.units);
      for (const site of sites) for (const [unit, v] of site.entries()) variance[unit] += v / sites.length;
      return variance.map((v, unit) => v * outgoing[unit]);
    },
  };
}

import type { Group, Site } from '@snp/graph';
import { gramTap, type RuntimeTensor } from '@snp/runtime';
import type { Accumulator, StatisticRequest } from '../criterion.js';
import { scorePairsInThreads } from './pairScoresPool.js';

/**
 * The SNP score of query/key pairs (METHODS: arXiv 2404.11630), summed over calibration samples while they run. The runtime
 * sends only the d x d Gram matrices of queries and keys per head, never an N x N attention map.
 */
export function attentionStatistic(gamma?: number): StatisticRequest<Float64Array> {
  return {
    taps(group) {
      const sites = operands(group);
      return sites ? sites.map(gramOf) : [];
    },
    accumulate: (group, { keep }) => new AttentionAccumulator(group, gamma ?? keep),
  };
}

/** The query and the key operand of a group, if it has exactly one of each, with the same units at the same places. */
function operands(group: Group): [Site, Site] | undefined {
  if (group.kind !== 'query-key') return undefined;
  const queries = group.sites.filter((site) => site.role === 'query');
  const keys = group.sites.filter((site) => site.role === 'key');
  if (queries.length !== 1 || keys.length !== 1) return undefined;
  const [[query], [key]] = [queries, keys];
  const alongside = query.lanes === key.lanes && query.unitAt.every((unit, at) => unit === key.unitAt[at]);
  return alongside ? [query, key] : undefined;
}

function gramOf(site: Site) {
  return gramTap(site.value, { rank: site.rank, feature: site.axis, head: site.laneAxis, heads: site.lanes });
}

class AttentionAccumulator implements Accumulator<Float64Array> {
  #scores: Float64Array;
  #samples = 0;

  constructor(
    private readonly group: Group,
    private readonly gamma: number,
  ) {
    this.#scores = new Float64Array(group.units);
  }

  /** Gram matrices [samples, heads, d, d] of queries and of keys. */
  async add([queries, keys]: readonly RuntimeTensor[], { samples }: { samples: number }): Promise<void> {
    const [query] = operands(this.group)!;
    const width = query.unitAt.length / query.lanes;
    const scores = await scorePairsInThreads({
      queries: queries.data as Float64Array,
      keys: keys.data as Float64Array,
      width,
      gamma: this.gamma,
    });
    for (let at = 0; at < scores.length; at++) {
      const unit = query.unitAt[at % query.unitAt.length];
      if (unit >= 0) this.#scores[unit] += scores[at];
    }
    this.#samples += samples;
  }

  finish(): Float64Array {
    return this.#scores.map((score) => score / this.#samples);
  }
}

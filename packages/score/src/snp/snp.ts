import { l2 } from '../criteria/magnitude.js';
import type { Criterion } from '../criterion.js';
import { projections, unitRows } from '../slices.js';
import { attentionStatistic } from './attentionStatistic.js';
import { residualScores } from './residualScore.js';
import { whiteScores } from './whiteScores.js';

/** Options of `snp`. */
export interface SnpOptions {
  /** How many singular vectors of the attention score count; default: as many as neurons stay in the head. */
  gamma?: number;
}

/**
 * Structured neuron-level pruning (Shim, Yun, Choi, arXiv 2404.11630): query/key pairs by their part in the attention
 * score's singular vectors on calibration data; value and hidden neurons by how little the others resemble them, across
 * all heads; residual channels by the norms of all layers they run through. Only query/key groups look at calibration data; without any
 * they are scored as if inputs were white noise.
 */
export function snp(options: SnpOptions = {}): Criterion {
  return {
    name: 'snp',
    statistics: { attention: attentionStatistic(options.gamma) },
    async score(group, statistics, context) {
      switch (group.kind) {
        case 'query-key': {
          const scores = statistics.attention as Float64Array | undefined;
          return scores ?? whiteScores(group, options.gamma ?? context.keep) ?? l2().score(group, statistics, context);
        }
        case 'residual':
          return residualScores(group);
        default: {
          const { rows, width } = unitRows(group, projections(group, 'output'));
          const alike = await context.kernels.absCosineSums(rows, group.units, width);
          return alike.map((sum) => group.units - sum);
        }
      }
    },
  };
}

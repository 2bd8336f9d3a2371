import { addOverSlices, defineCriterion, momentsStatistic, projections, type UnitMoments } from '@snp/core/plugin';

/**
 * Wanda (Sun, Liu, Bair, Kolter, arXiv 2306.11695) for whole neurons: the magnitudes of the weights that read a neuron, times the norm of
 * its activation on calibration data. A query and a key neuron meet without a weight between them: the product of both norms.
 */
const wanda = defineCriterion({
  name: 'wanda',
  contract: 1,
  statistics: { moments: momentsStatistic },
  score(group, { moments }) {
    const norms = moments ? rootMeanSquares(moments) : [];
    if (group.kind === 'query-key' && norms.length === 2) return norms[0].map((norm, unit) => norm * norms[1][unit]);
    const weights = new Float64Array(group.units);
    for (const member of projections(group, 'input')) addOverSlices(member, weights, Math.abs);
    return weights.map((weight, unit) => weight * (norms[0]?.[unit] ?? 1));
  },
});

/** The mean of the square is the variance and the square of the mean. */
function rootMeanSquares({ mean, variance }: UnitMoments): Float64Array[] {
  return mean.map((means, site) => means.map((m, unit) => Math.sqrt(m * m + variance[site][unit])));
}

export default wanda;

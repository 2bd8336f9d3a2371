/** The mean of losses. */
export function meanOf(losses: Float64Array): number {
  return losses.reduce((sum, own) => sum + own, 0) / losses.length;
}

/**
 * Whether losses of the same samples in two states differ by no more than chance: the mean of their differences is within its standard error. Of few samples the least mean is found by chance, mostly early in a run; rates
 * that fall to nothing make the last states the better ones.
 */
export function isNoWorse(losses: Float64Array, least: Float64Array): boolean {
  const differences = losses.map((own, at) => own - least[at]);
  const mean = meanOf(differences);
  const variance = meanOf(differences.map((own) => (own - mean) ** 2)) / Math.max(1, losses.length - 1);
  return mean <= Math.sqrt(variance);
}

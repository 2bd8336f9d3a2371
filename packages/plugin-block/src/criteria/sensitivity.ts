import { type Criterion, defineCriterion, SnpError } from '@snp/core';

/**
 * What a part does to the answers: the measured Kullback-Leibler divergence of the model without it from the original, on calibration samples.
 */
export function sensitivity(): Criterion {
  return defineCriterion({
    name: 'sensitivity',
    async score({ id, units }, _, { without }) {
      if (!without) {
        throw new SnpError('calibration', `Sensitivity is measured on typical inputs: give it calibration data.`, {
          group: id,
        });
      }
      const scores = new Float64Array(units);
      for (let unit = 0; unit < units; unit++) scores[unit] = await without(unit);
      return scores;
    },
  });
}

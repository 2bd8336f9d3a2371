import { SnpError } from '@snp/onnx';
import type { Criterion } from '@snp/score';
import { defineCriterion } from './defineCriterion.js';

/**
 * What a unit does to the answers: the measured Kullback-Leibler divergence (nats) of the model without it from the original, on the first calibration
 * samples. No gradients, no approximation; one run over the samples per unit, so it is for units of which there are few, such as heads and blocks.
 *
 * @throws SnpError `calibration` without calibration data.
 * @example
 * const branches = definePlugin({
 *   name: 'branches',
 *   find: (analysis) => analysis.branches.map((branch) => asUnits(branch)),
 *   criterion: sensitivity(),
 * });
 */
export function sensitivity(): Criterion {
  return defineCriterion({
    name: 'sensitivity',
    async score({ id, units }, _, { without }) {
      if (!without) {
        throw new SnpError('calibration', 'Sensitivity is measured on typical inputs: give it calibration data.', {
          group: id,
        });
      }
      const scores = new Float64Array(units);
      for (let unit = 0; unit < units; unit++) scores[unit] = await without(unit);
      return scores;
    },
  });
}

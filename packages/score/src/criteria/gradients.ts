import type { Criterion, ScoreContext } from '../criterion.js';
import { l2 } from './magnitude.js';

/**
 * First-order Taylor expansion (Molchanov et al., arXiv 1611.06440): how much a mask on the unit would change the log-likelihood of an answer, the mean of the magnitude over calibration samples. The
 * answers are the model's own, so that no labels are needed.
 *
 * Units without values of their own (heads, blocks) get what the model loses without them; where that is unknown, the norm of their weights.
 */
export function taylor(): Criterion {
  return byGradients('taylor', ({ magnitude }) => magnitude);
}

/**
 * Fisher information of a mask on the unit (Theis et al., arXiv 1801.05787): half the mean square of what `taylor` takes the magnitude of. To second order it is the divergence of the model's answers without the unit.
 *
 * Units without values of their own are scored as by `taylor`.
 */
export function fisher(): Criterion {
  return byGradients('fisher', ({ square }) => square.map((mean) => mean / 2));
}

function byGradients(
  name: string,
  scores: (gradients: NonNullable<ScoreContext['gradients']>) => Float64Array,
): Criterion {
  return {
    name,
    gradients: true,
    async score(group, statistics, context) {
      if (context.gradients) return scores(context.gradients);
      if (!context.without) return l2().score(group, statistics, context);
      const without: number[] = [];
      for (let unit = 0; unit < group.units; unit++) without.push(await context.without(unit));
      return Float64Array.from(without);
    },
  };
}

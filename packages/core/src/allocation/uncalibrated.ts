import { SnpError } from '@snp/onnx';
import type { Context } from '../context/context.js';
import { CostModel } from '../cost/costModel.js';
import type { CostBudget } from './budget.js';
import type { Target } from './target.js';

/** A model of which so much is left is as it was, more or less, whichever neurons leave. */
const ENOUGH = 0.95;

/**
 * Says what becomes of a model where nothing is known of typical inputs.
 *
 * @param uncalibrated Whether that is an error where a budget takes much.
 * @throws SnpError `calibration`.
 */
export function sayUncalibrated(
  { analysis, warn }: Pick<Context, 'analysis' | 'warn'>,
  { budget, latency, uncalibrated = 'warn' }: Target & { uncalibrated?: 'warn' | 'refuse' | undefined },
): void {
  if (uncalibrated === 'refuse' && Math.min(leastShare(budget, new CostModel(analysis)), shareOf(latency)) < ENOUGH)
    throw new SnpError(
      'calibration',
      'There are no typical inputs: which neurons matter would be told by the weights alone, and nothing would make up for those that leave. With 80 % of its MACs, DeiT-Tiny is right about 25 % of pictures that way, and about 79 % with typical inputs, as the original is. Give some (--calib DIR: a few dozen pictures, texts or arrays, without labels), or go on without (--no-calib).',
    );
  warn(
    'There were no typical inputs: which neurons leave was decided by the weights alone, and nothing makes up for them. How the model answers now is not known: compare it with the original (snp compare) before it is used.',
  );
}

function leastShare(budget: CostBudget = {}, costs: CostModel): number {
  const full = costs.at({});
  const shares = (['macs', 'params', 'bytes'] as const).map((kind) => {
    const limit = budget[kind];
    return limit === undefined ? 1 : limit <= 1 ? limit : limit / full[kind];
  });
  return Math.min(...shares);
}

/** A latency in milliseconds is a share that is not known before it is measured. */
function shareOf(latency: Target['latency']): number {
  if (!latency) return 1;
  return 'share' in latency && latency.share !== undefined ? latency.share : 0;
}

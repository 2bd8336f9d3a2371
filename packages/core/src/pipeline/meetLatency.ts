import type { Analysis } from '@snp/graph';
import { type Model, SnpError } from '@snp/onnx';
import { percent } from '@snp/pages';
import type { LatencyRatio } from '../evaluate/latencyRatio.js';
import { anyUnits } from '../plan/anyUnits.js';
import type { LatencyBudget, LatencyModel } from '../plan/latency.js';
import type { Widths } from '../plan/widths.js';
import { applyPlan } from '../surgery/applyPlan.js';
import type { Clock } from './clock.js';

/** What a latency budget led to. */
export interface LatencyOutcome {
  /** Where it was measured. */
  on: string;
  /** Milliseconds, and share of the original's latency, that were asked for. */
  limit: { ms: number; share: number };
  /** Share of the original's latency that was foreseen for the plan. */
  predicted: number;
  /** What was measured. */
  measured: LatencyRatio;
  /** Plans that were made and measured. */
  tries: number;
}

/** A result this far below the limit is close enough; one above it is not. About what measurements can tell apart. */
const CLOSE = 0.015;
const TRIES = 6;

/**
 * Plans for a latency, makes the model without caring which units leave (their number alone decides how fast it is), measures it, and corrects the
 * plan until the measured latency is at most a percent and a half below the limit, or as near as it gets.
 *
 * @param widthsFor The widths for a share of the original's latency as the model foresees it; undefined if there are none.
 * @throws SnpError `invalid-argument` if the limit cannot be met.
 */
export async function meetLatency<Planned extends { widths: Widths }>(
  analysis: Analysis,
  original: Model,
  budget: LatencyBudget,
  widthsFor: (latency: { model: LatencyModel; share: number }) => Planned | undefined,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<Planned & { latency: LatencyOutcome }> {
  const { on } = budget;
  const model = await clock.time('profile', (onProgress) => on.learn(analysis, { onProgress, signal }));
  const share = shareOf(budget, model.fullMs);
  let aim = share;
  let [low, high] = [0, 1 / CLOSE];
  let best: (Planned & { latency: LatencyOutcome }) | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (let tries = 1; tries <= TRIES; tries++) {
    const planned = widthsFor({ model, share: aim });
    if (!planned) break;
    const pruned = applyPlan(analysis, anyUnits(analysis, planned.widths));
    const measured = await clock.time('measure', (onProgress) => on.compare(original, pruned, { onProgress, signal }));
    const limit = { share, ms: share * measured.before };
    const outcome = {
      ...planned,
      latency: { on: on.name, limit, predicted: model.at(planned.widths), measured, tries },
    };
    least = Math.min(least, measured.ratio);
    const meets = measured.ratio <= share;
    if (meets && measured.ratio > (best?.latency.measured.ratio ?? 0)) best = outcome;
    const whole = Object.keys(planned.widths).length === 0;
    if (meets && (whole || measured.ratio >= (1 - CLOSE) * share)) return outcome;
    if (meets) low = Math.max(low, aim);
    else high = Math.min(high, aim);
    const corrected = (aim * (1 - CLOSE / 2) * share) / measured.ratio;
    // Latency goes in steps: a correction may lead back to a plan that was measured, halves between them do not.
    aim = corrected > low && corrected < high ? Math.min(1, corrected) : (low + high) / 2;
  }
  if (best) return { ...best, latency: { ...best.latency, tries: TRIES } };
  throw new SnpError(
    'invalid-argument',
    Number.isFinite(least)
      ? `The latency cannot be met: ${percent(share, 1)} of the original's was asked for, and ${percent(least, 1)} is the least that was measured on ${on.name}.`
      : `The latency cannot be met: no widths are foreseen to need only ${percent(share, 1)} of the original's on ${on.name}.`,
  );
}

function shareOf(budget: LatencyBudget, fullMs: number): number {
  const share = 'ms' in budget ? budget.ms / fullMs : budget.share;
  if (share > 0 && ('ms' in budget || share <= 1)) return Math.min(1, share);
  throw new SnpError(
    'invalid-argument',
    `The latency must be a share above 0 and at most 1, or milliseconds above 0, but is ${'ms' in budget ? `${budget.ms} ms` : budget.share}.`,
  );
}

import { SnpError } from '@snp/onnx';
import { percent } from '@snp/pages';
import type { Context } from '../context/context.js';
import type { LatencyRatio } from '../evaluate/latencyRatio.js';
import { anyUnits } from '../plan/anyUnits.js';
import type { Widths } from '../plan/widths.js';
import { applyPlan } from '../surgery/applyPlan.js';
import type { LatencyBudget, LatencyModel } from './latency.js';

/** What a latency budget led to. */
export interface LatencyOutcome {
  /** Where it was measured. */
  on: string;
  /** Milliseconds, and share of the original's latency, that were asked for. */
  limit: { ms: number; share: number };
  /** Share of the original's latency that was predicted for the plan. */
  predicted: number;
  /** What was measured. */
  measured: LatencyRatio;
  /** Plans that were made and measured. */
  tries: number;
}

/** A result this far below the limit is close enough; one above it is not. About what measurements can tell apart. */
const CLOSE = 0.015;
const TRIES = 6;
/** The same for further ways, once there is a plan. */
const FURTHER_TRIES = 3;

/** How much more than another a plan may be expected to do to the answers, and still be looked at: expectations are no better than that. */
const HOPEFUL = 1.15;

/** A plan that meets a latency. */
export type Met<Planned> = Planned & { latency: LatencyOutcome };

/** One way of planning for a share of the original's latency as a model predicts it; undefined if there is no plan. */
export type WayOfPlanning<Planned> = (latency: { model: LatencyModel; share: number }) => Planned | undefined;

/** How plans for a latency are made and told apart. */
export interface LatencyPlanning<Planned> {
  /** Those that are expected to do clearly more to the answers than another are left out. */
  ways: readonly WayOfPlanning<Planned>[];
  /** What a plan is expected to do to the answers. */
  divergenceOf(planned: Planned): number;
}

/**
 * Plans for a latency, makes the model without caring which units leave (their number alone decides how fast it is), measures it, and corrects the
 * plan until the measured latency is at most a percent and a half below the limit, or as near as it gets. What a model predicts is not equally
 * wrong for every way of planning, odd widths being slower than they look: each is corrected by its own measurements.
 *
 * @returns The plan of each way that meets the latency.
 * @throws SnpError `invalid-argument` if none does.
 */
export async function meetLatency<Planned extends { widths: Widths }>(
  { analysis, original, clock, signal }: Pick<Context, 'analysis' | 'original' | 'clock' | 'signal'>,
  budget: LatencyBudget,
  { ways, divergenceOf }: LatencyPlanning<Planned>,
): Promise<Met<Planned>[]> {
  const { on } = budget;
  const model = await clock.time('profile', (onProgress) => on.learn(analysis, { onProgress, signal }));
  const share = shareOf(budget, model.fullMs);
  const found: Met<Planned>[] = [];
  let tries = 0;
  let least = Number.POSITIVE_INFINITY;
  const measure = async (planned: Planned): Promise<Met<Planned>> => {
    const pruned = applyPlan(analysis, anyUnits(analysis, planned.widths));
    const measured = await clock.time('measure', (onProgress) => on.compare(original, pruned, { onProgress, signal }));
    tries++;
    least = Math.min(least, measured.ratio);
    const limit = { share, ms: share * measured.before };
    return { ...planned, latency: { on: on.name, limit, predicted: model.at(planned.widths), measured, tries } };
  };
  const isHopeful = (planned: Planned) => divergenceOf(planned) <= HOPEFUL * Math.min(...found.map(divergenceOf));
  const first = ways.flatMap((way) => {
    const planned = way({ model, share });
    return planned ? [{ way, divergence: divergenceOf(planned) }] : [];
  });
  for (const { way } of first.sort((a, b) => a.divergence - b.divergence)) {
    const most = found.length > 0 ? FURTHER_TRIES : TRIES;
    const met = await search(share, most, (aim) => way({ model, share: aim }), measure, isHopeful);
    if (met) found.push(met);
  }
  if (found.length > 0) return found.map((met) => ({ ...met, latency: { ...met.latency, tries } }));
  throw new SnpError(
    'invalid-argument',
    Number.isFinite(least)
      ? `The latency cannot be met: ${percent(share, 1)} of the original's was asked for, and ${percent(least, 1)} is the least that was measured on ${on.name}.`
      : `The latency cannot be met: no widths are predicted to need only ${percent(share, 1)} of the original's on ${on.name}.`,
  );
}

/** Aims, measures and corrects until the latency is met closely; the closest that meets it. */
async function search<Planned extends { widths: Widths }>(
  share: number,
  most: number,
  planFor: (aim: number) => Planned | undefined,
  measure: (planned: Planned) => Promise<Met<Planned>>,
  isHopeful: (planned: Planned) => boolean,
): Promise<Met<Planned> | undefined> {
  let aim = share;
  let [low, high] = [0, 1 / CLOSE];
  let best: Met<Planned> | undefined;
  for (let tries = 1; tries <= most; tries++) {
    const planned = planFor(aim);
    if (!planned || !isHopeful(planned)) break;
    const outcome = await measure(planned);
    const whole = Object.keys(planned.widths).length === 0;
    // A model that stays as it is is as fast as it is: whatever else is measured is noise.
    const ratio = whole ? 1 : outcome.latency.measured.ratio;
    const meets = ratio <= share;
    if (meets && ratio > (best?.latency.measured.ratio ?? 0)) best = outcome;
    if (meets && (whole || ratio >= (1 - CLOSE) * share)) return outcome;
    if (meets) low = Math.max(low, aim);
    else high = Math.min(high, aim);
    const corrected = (aim * (1 - CLOSE / 2) * share) / ratio;
    // Latency goes in steps: a correction may lead back to a plan that was measured, halves between them do not.
    aim = corrected > low && corrected < high ? Math.min(1, corrected) : (low + high) / 2;
  }
  return best;
}

function shareOf(budget: LatencyBudget, fullMs: number): number {
  const share = 'ms' in budget ? budget.ms / fullMs : budget.share;
  if (share > 0 && ('ms' in budget || share <= 1)) return Math.min(1, share);
  throw new SnpError(
    'invalid-argument',
    `The latency must be a share above 0 and at most 1, or milliseconds above 0, but is ${'ms' in budget ? `${budget.ms} ms` : budget.share}.`,
  );
}

import { costOf } from '@snp/onnx';
import type { Allocation } from '../allocation/allocation.js';
import type { CostBudget } from '../allocation/budget.js';
import type { CompensationKind } from '../compensation/methods.js';
import { type Continuation, compareContinuations } from '../generate/compareContinuations.js';
import { changedOnReading } from '../obstacles/changedOnReading.js';
import { obstacleWarnings } from '../obstacles/obstacles.js';
import { makeReport } from '../report/makeReport.js';
import type { PruneReport } from '../report/report.js';
import type { TuningReport } from '../report/tuningReport.js';
import type { Selection } from '../selection/select.js';
import { comparedOnHeld } from './comparedOnHeld.js';
import type { Planned } from './execute.js';
import type { Proven } from './proven.js';

/** What led to a result, as far as it was decided here. */
export interface ReportOnOptions {
  compensation: CompensationKind;
  selection: Omit<Selection, 'plan'>;
  allocation?: Allocation | undefined;
  tuning?: TuningReport | undefined;
  /** What was asked for, in words. */
  budget: string;
  limits?: CostBudget | undefined;
}

/** The last stage: compares the answers on samples that no stage saw, and puts together what happened. */
export async function reportOn(
  pruned: Proven<Planned>,
  { compensation, selection, allocation, tuning, budget, limits }: ReportOnOptions,
): Promise<PruneReport> {
  const { context, after, plan, planned, outcomes, verification, warnings } = pruned;
  const { analysis, original, name, data, held, clock } = context;
  const fidelity = await comparedOnHeld(pruned);
  const continuations = await continuedFromHeld(pruned);
  return makeReport({
    name,
    criterion: selection.criterion,
    budget,
    limits,
    compensation,
    outcomes,
    fidelity,
    continuations,
    before: analysis,
    after,
    plan,
    scores: selection.scores,
    planning: allocation?.planning,
    latency: allocation?.latency,
    tuning,
    samples: planned.statistics?.samples ?? 0,
    skipped: data?.skipped ?? held?.skipped ?? [],
    warnings: [...changedOnReading(original), ...obstacleWarnings(analysis), ...warnings],
    verification,
    seconds: clock.seconds,
    originalCost: costOf(original),
  });
}

/** What both models write behind the begin of texts that no stage saw. */
async function continuedFromHeld({ context, model }: Proven<Planned>): Promise<Continuation[]> {
  const { analysis, held, clock, runtime, answers, signal } = context;
  if (!held) return [];
  return clock.time('compare', () =>
    compareContinuations([analysis.model, model], { runtime, data: held, answers, signal }),
  );
}

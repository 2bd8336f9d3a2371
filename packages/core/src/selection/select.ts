import type { Criterion } from '@snp/score';
import type { Assignment } from '../calibration/gatherStatistics.js';
import { type Compensations, NO_COMPENSATION } from '../compensation/solve.js';
import type { Context } from '../context/context.js';
import type { ChosenWidths } from '../plan/chosenWidths.js';
import { checkPlan, emptyPlan, type GroupPlan, type Plan } from '../plan/plan.js';
import { laneWidth } from '../plan/widths.js';
import { requireData, type Scores, score } from './score.js';
import { selectUnits } from './selectUnits.js';

/** Which units stay. */
export interface Selection {
  plan: Plan;
  /** What chose the units, in a word or two. */
  criterion: string;
  /** Of all groups that were scored. */
  scores: Scores;
}

/** Options of `select`. */
export interface SelectOptions {
  allocation: ChosenWidths;
  /** Choose the units of groups that they compensate by mixing, rotation or OBS. Default none. */
  compensations?: Compensations | undefined;
  /** Chooses all other units; where it is given, hidden neurons too. Default `snp()`. */
  criterion?: Criterion | undefined;
}

/**
 * Chooses the units that stay, as many as were allocated to every group.
 *
 * @throws SnpError `calibration` for a criterion that looks at activations, without data; `plugin` for one that breaks the contract.
 */
export async function select(
  context: Context,
  { allocation, compensations = NO_COMPENSATION, criterion }: SelectOptions,
): Promise<Selection> {
  if (criterion) requireData(criterion, context);
  const { analysis } = context;
  const plan = emptyPlan(analysis);
  const scored: Assignment[] = [];
  const choosesItself = compensations.kind === 'full';
  for (const group of analysis.groups) {
    const keep = allocation.widths[group.id] ?? laneWidth(group);
    if (keep >= laneWidth(group)) continue;
    const own = choosesItself && (!criterion || group.kind !== 'ffn') && compensations.neurons.get(group.id);
    if (own) plan.groups[group.id] = kept(group, own.select(keep));
    else scored.push({ group, keep });
  }
  warnOfBlindPairs(context, scored, criterion);
  const scores = await score(context, scored, criterion);
  for (const { group, keep } of scored)
    plan.groups[group.id] = kept(group, selectUnits(group, scores.get(group.id)!, keep));
  return {
    plan: checkPlan(allocation.leaving.without(plan, analysis), analysis),
    criterion: criterion?.name ?? (choosesItself ? 'compensation' : 'snp'),
    scores: new Map([...allocation.scores, ...scores]),
  };
}

function kept({ units, lanes }: Assignment['group'], keep: number[]): GroupPlan {
  return { units, lanes, keep };
}

/** What `snp` does without data. */
function warnOfBlindPairs(
  { data, warn }: Context,
  scored: readonly Assignment[],
  criterion: Criterion | undefined,
): void {
  const blind = !data && (criterion?.name ?? 'snp') === 'snp';
  if (!blind || !scored.some(({ group }) => group.kind === 'query-key')) return;
  warn(
    'No calibration data: query/key pairs were scored as if inputs were white noise. Typical inputs (--calib DIR) choose better, and let what stays make up for what leaves.',
  );
}

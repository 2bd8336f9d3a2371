import { type Model, SnpError } from '@snp/onnx';
import { calibrate } from '../calibration/calibrate.js';
import { requireNeurons } from '../companions/companion.js';
import { COMPENSATION_KINDS, type CompensationKind, requestsFor } from '../compensation/methods.js';
import { NO_COMPENSATION, solveCompensation } from '../compensation/solve.js';
import type { Context } from '../context/context.js';
import { OPEN_FIELDS, type OpenOptions, openChecked } from '../context/open.js';
import { checkOptions, type OptionFields } from '../options/checkOptions.js';
import * as is from '../options/fields.js';
import { checkPlan, type Plan, planOfThisVersion } from '../plan/plan.js';
import type { Recipe } from '../plan/recipe.js';
import type { CalibrationStatistics } from '../statistics/statistics.js';
import { statisticsFingerprint } from '../statistics/statisticsFingerprint.js';
import type { Planned } from './execute.js';
import { inOneFile, readMerged } from './inOneFile.js';
import { proven, withoutFaults } from './proven.js';
import { type PruneResult, resultOf } from './pruneResult.js';
import { reportOn } from './reportOn.js';
import { checkTunable, type Tuner, tuned } from './tuned.js';
import { warnOfStatistics } from './warnOfStatistics.js';

/** Options of `apply`. */
export interface ApplyOptions extends Omit<OpenOptions, 'narrowCache' | 'plugins' | 'pluginTimeout'> {
  /** Hold every eighth calibration sample back, for comparisons. Default: as it was when the plan was made. */
  holdBack?: boolean | undefined;
  /** Statistics in place of `calibration`, or of most of it, as they were given to `prune`. */
  statistics?: CalibrationStatistics | undefined;
  /**
   * How what stays makes up for what leaves. Default: as the plan says. `none` only cuts, with a warning where the plan says more.
   */
  compensation?: CompensationKind | undefined;
  /** Trains the model, where the plan says so: `tuner(plan.tuning)` of `@snp/tune`. Default: it is not trained, with a warning where the plan says it. */
  tune?: Tuner | undefined;
}

const { narrowCache: _, plugins: __, pluginTimeout: ___, ...OPENING } = OPEN_FIELDS;

const APPLY_FIELDS: OptionFields<ApplyOptions> = {
  ...OPENING,
  statistics: is.statistics,
  tune: is.tuner,
  compensation: is.oneOf(COMPENSATION_KINDS),
};

/**
 * Makes a model by a plan that was made before: the same plan with the same model and calibration data gives the same bytes as `prune` did, on the same machine with as many threads.
 *
 * @param plan As it was read from a file; of version 1, too.
 * @throws SnpError `plan-mismatch` for a plan of another model; `calibration` without the data that the plan needs; otherwise as `prune`.
 * @example
 * const { plan } = await prune(model, { calibration, budget: { macs: 0.5 } });
 * const again = await apply(model, plan, { calibration });
 */
export async function apply(source: string | Model, plan: unknown, options: ApplyOptions = {}): Promise<PruneResult> {
  checkOptions('apply', options, APPLY_FIELDS);
  const { model, parts } = await readMerged(source);
  if (parts) return inOneFile({ model, parts }, options, (first, own) => applyOne(first, plan, own));
  return applyOne(source, plan, options, model);
}

async function applyOne(
  source: string | Model,
  plan: unknown,
  options: ApplyOptions,
  original?: Model,
): Promise<PruneResult> {
  const { narrowCache, compensation: stored, tuning: wanted } = planOfThisVersion(plan);
  const recipe = recipeOf(stored, options.compensation);
  if (recipe) requireInputs(recipe, options);
  const opening = {
    ...options,
    narrowCache,
    batchSize: options.batchSize ?? recipe?.data?.batchSize,
    holdBack: options.holdBack ?? (recipe !== undefined && (recipe.data?.heldBack ?? options.statistics === undefined)),
  };
  const opened = await openChecked(source, opening, original);
  const checked = checkPlan(plan, opened.analysis);
  if (opened.companions.length > 0) requireNeurons(checked, opened.analysis);
  checkTunable(opened, options.tune);
  const proved = await proven(opened, async (context, earlier) =>
    earlier?.planned
      ? withoutFaults(earlier.planned, earlier.faults)
      : plannedBy(context, checked, recipe, options.statistics),
  );
  const { pruned, tuning } = await tuned(proved, options.tune);
  const doubts = [
    ...differentInputs(recipe, pruned.plan.compensation),
    ...(stored && !recipe ? [CUT_ALONE] : []),
    ...(wanted && !options.tune ? [NOT_TUNED] : []),
  ];
  const report = await reportOn(
    { ...pruned, warnings: [...pruned.warnings, ...doubts] },
    {
      compensation: recipe?.kind ?? 'none',
      selection: { criterion: 'given plan', scores: new Map() },
      tuning,
      budget: 'a given plan',
    },
  );
  return resultOf(pruned, report);
}

const CUT_ALONE =
  'The plan was only cut: nothing makes up for what leaves, so that the model answers worse than the one that the plan was made with. For that one give its calibration data (--calib DIR), without --compensation none.';

const NOT_TUNED =
  'The model that the plan was made with was trained afterwards; this one was not. Train it with --tune, or snp tune.';

function recipeOf(stored: Recipe | undefined, asked: CompensationKind | undefined): Recipe | undefined {
  if (asked === undefined || asked === stored?.kind) return stored;
  const full = asked === 'full';
  return asked === 'none' ? undefined : { kind: asked, reconstruct: full, correctBias: full };
}

/** The data that a plan cannot be applied without. */
function requireInputs({ kind, data, statistics }: Recipe, given: ApplyOptions): void {
  if (given.calibration || (given.statistics && !data)) return;
  const samples = data ? `${data.samples} calibration samples` : 'calibration data';
  const made =
    statistics === undefined
      ? `${samples}: give them (--calib DIR)`
      : `statistics${data ? ` and ${samples}` : ''}: give them (--stats FILE${data ? ' and --calib DIR' : ''})`;
  throw new SnpError(
    'calibration',
    `The plan makes up for what leaves by compensation '${kind}', worked out from ${made}. To cut alone, with a less accurate model: --compensation none.`,
  );
}

/** What a plan takes to be executed. */
async function plannedBy(
  context: Context,
  plan: Plan,
  recipe: Recipe | undefined,
  given: CalibrationStatistics | undefined,
): Promise<Planned> {
  const { compensation: _, tuning: __, ...cut } = plan;
  if (!recipe) return { plan: cut, compensations: NO_COMPENSATION, statistics: undefined, recipe };
  const { kind } = recipe;
  const { heads, branches } = context.analysis;
  const beyond = recipe.beyond ?? [...heads, ...branches].some(({ id }) => plan.groups[id] !== undefined);
  const statistics = given ?? (await calibrate(context, requestsFor(kind, { beyond })));
  const groups = beyond ? undefined : Object.keys(plan.groups);
  const compensations = await solveCompensation(context, statistics, { kind, groups, beyond, curves: false });
  const leaving = branches.filter(({ id }) => plan.groups[id] !== undefined);
  const fixed = Object.fromEntries(leaving.map(({ id }) => [id, 0]));
  warnOfStatistics(context, statistics, { kind, groups, given: given !== undefined, units: [], fixed });
  const own = given && { statistics: statisticsFingerprint(given) };
  const { data: ___, statistics: ____, ...settings } = recipe;
  return { plan: cut, compensations, statistics, recipe: { ...settings, ...(beyond && { beyond }), ...own } };
}

/** What was not as it was when the plan was made. */
function differentInputs(asked: Recipe | undefined, used: Recipe | undefined): string[] {
  const differs = (what: string) =>
    `The ${what} are not those that the plan was made with: the units are the same, but the weights are not.`;
  const data = asked?.data && used?.data?.fingerprint !== asked.data.fingerprint;
  const statistics = asked?.statistics !== undefined && used?.statistics !== asked.statistics;
  return [...(data ? [differs('calibration data')] : []), ...(statistics ? [differs('statistics')] : [])];
}

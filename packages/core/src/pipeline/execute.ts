import { type Analysis, analyze } from '@snp/graph';
import { inferShapes, type Model } from '@snp/onnx';
import { type CompensationOutcomes, compensate } from '../compensation/compensate.js';
import type { Compensations } from '../compensation/solve.js';
import { attempt } from '../context/attempt.js';
import type { Context } from '../context/context.js';
import { correctBias } from '../correction/correctBias.js';
import type { Plan } from '../plan/plan.js';
import type { DataOfRecipe, Recipe } from '../plan/recipe.js';
import { reconstruct } from '../reconstruction/reconstruct.js';
import { newForms, takesData } from '../report/newForms.js';
import type { CalibrationStatistics } from '../statistics/statistics.js';
import { statisticsFingerprint } from '../statistics/statisticsFingerprint.js';
import { applyPlan } from '../surgery/applyPlan.js';

/** A plan, and what it takes to execute it. */
export interface Planned {
  /** Which units stay. */
  readonly plan: Plan;
  readonly compensations: Compensations;
  /** Undefined where nothing is compensated. */
  readonly statistics: CalibrationStatistics | undefined;
  /** How weights are rewritten; undefined where they are only cut. */
  readonly recipe: Recipe | undefined;
}

/** What came of a plan. */
export interface Executed {
  /** With its recipe. */
  readonly plan: Plan;
  readonly model: Model;
  /** The pruned model, analysed. */
  readonly after: Analysis;
  readonly outcomes: CompensationOutcomes | undefined;
}

/** The second half of a pruning: compensates the weights, cuts the model, reconstructs it layer by layer and corrects its biases. */
export async function execute(context: Context, planned: Planned): Promise<Executed> {
  const { compensations, statistics, recipe } = planned;
  const compensated = await compensate(context, planned.plan, compensations);
  const { analysis } = context;
  const cut = await context.clock.time('apply', async () => applyPlan(analysis, planned.plan, compensated.model));
  const { reconstruct: refits, correctBias: corrects } = await possible(context, cut, recipe);
  const refitted = refits
    ? await attempt(context, 'Not all branches were refitted', () => reconstruct(context, cut))
    : undefined;
  const after = refitted ?? analyze(cut, { narrowCache: analysis.narrowCache });
  const corrected =
    corrects && statistics
      ? await attempt(context, 'The means of the outputs were not set right', () =>
          correctBias(context, after.model, statistics),
        )
      : undefined;
  const plan = recipe ? { ...planned.plan, compensation: withInputs(recipe, context) } : planned.plan;
  return { plan, model: corrected ?? after.model, after, outcomes: compensated.outcomes };
}

const NEITHER = { reconstruct: false, correctBias: false };

/** What of a recipe can be done with the pruned model: calibration data may hold past keys and values, in their old form. */
async function possible(
  { analysis, data, signal, warn }: Context,
  cut: Model,
  recipe: Pick<Recipe, 'reconstruct' | 'correctBias'> = NEITHER,
): Promise<Pick<Recipe, 'reconstruct' | 'correctBias'>> {
  if (!data || !(recipe.reconstruct || recipe.correctBias)) return NEITHER;
  if (await takesData(data, newForms(analysis, { model: cut, shapes: inferShapes(cut) }), signal)) return recipe;
  warn(
    'Branches were not refitted, and answers not compared: past keys and values have a new form, which the calibration data do not have.',
  );
  return NEITHER;
}

/** The recipe with the data that it was made with. */
function withInputs(recipe: Recipe, context: Context): Recipe {
  const data = dataOf(context);
  return { ...recipe, ...(data && { data }) };
}

function dataOf({ data, held, batchSize }: Context): DataOfRecipe | undefined {
  if (data?.fingerprint === undefined) return undefined;
  return {
    samples: data.passed,
    fingerprint: data.fingerprint,
    heldBack: held !== undefined,
    ...(batchSize !== undefined && { batchSize }),
  };
}

/** The recipe of a kind of compensation. */
export function recipeFor(
  { kind }: Compensations,
  { given, beyond, reconstruct }: { given: CalibrationStatistics | undefined; beyond: boolean; reconstruct: boolean },
): Recipe | undefined {
  if (kind === 'none') return undefined;
  const full = kind === 'full';
  return {
    kind,
    reconstruct: full && reconstruct,
    correctBias: full,
    ...(beyond && { beyond }),
    ...(given && { statistics: statisticsFingerprint(given) }),
  };
}

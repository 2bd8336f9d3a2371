import { type Model, SnpError } from '@snp/onnx';
import type { Calibration } from '@snp/runtime';
import type { OpenContext } from '../context/open.js';
import { part } from '../data/part.js';
import type { Plan } from '../plan/plan.js';
import type { TuningRecipe } from '../plan/recipe.js';
import type { TuningReport } from '../report/tuningReport.js';
import { comparedOnHeld } from './comparedOnHeld.js';
import type { Planned } from './execute.js';
import type { Proven } from './proven.js';

/** Trains pruned models towards their originals: `tuner()` of `@snp/tune` makes one. */
export interface Tuner {
  /** How it trains: goes into the plan, so that `apply` does the same. */
  readonly recipe: TuningRecipe;
  /**
   * Trains a pruned model.
   *
   * @param options.validation Samples to choose states by, which pruning did not see; undefined where there are too few.
   * @throws SnpError `unsupported`, `calibration`, `limit` or `runtime` where it cannot be trained: that is a warning, and the model stays as it was pruned.
   */
  tune(
    pruned: Model,
    options: {
      teacher: Model;
      data: Calibration;
      validation: Calibration | undefined;
      signal: AbortSignal | undefined;
      onProgress: (done: number, total: number | undefined) => void;
    },
  ): Promise<Tuned>;
}

/** What came of a training. */
export interface Tuned extends TuningReport {
  /** Undefined where nothing was found that is better than the pruned model. */
  model: Model | undefined;
}

/** @throws SnpError `invalid-argument` where what is asked for cannot be trained at all. */
export function checkTunable(
  { data, companions, analysis }: Omit<OpenContext, 'warn'>,
  tuner: Tuner | undefined,
): void {
  const fail = (why: string): never => {
    throw new SnpError('invalid-argument', `The pruned model cannot be tuned: ${why}.`);
  };
  if (!tuner) return;
  if (!data) fail('there are no typical inputs to train on (--calib DIR)');
  if (companions.length > 0)
    fail('it shares its weights with models that are pruned in step, which would stay as they are');
  if (analysis.narrowCache) fail('with a narrow cache it takes other inputs than the original');
}

/** The last stage that changes weights: trains a pruned model towards its original, and proves it again. */
export async function tuned<Made extends Planned>(
  pruned: Proven<Made>,
  tuner: Tuner | undefined,
): Promise<{ pruned: Proven<Made>; tuning: TuningReport | undefined }> {
  const { context, plan } = pruned;
  const { data, held, original, clock, signal, proof } = context;
  const left = { pruned, tuning: undefined };
  if (!tuner || !data) return left;
  const halves = held && halved(held);
  const found = await clock
    .time('tune', (onProgress) =>
      tuner.tune(pruned.model, { teacher: original, data, validation: halves?.validation, signal, onProgress }),
    )
    .catch((error) => missed(error));
  if (typeof found === 'string') return { ...left, pruned: warned(pruned, found) };
  const { model, ...tuning } = found;
  const withRecipe: Plan = { ...plan, tuning: tuner.recipe };
  if (!model) return { pruned: { ...pruned, plan: withRecipe }, tuning };
  const verification = proof && (await clock.time('verify', (onRun) => proof.check(withRecipe, model, onRun)));
  if (verification && !verification.passed)
    return {
      ...left,
      pruned: warned(pruned, `the tuned model does not equal the masked original (${verification.reason})`),
    };
  // What is reported is measured on samples that chose nothing.
  const unseen = halves ? { ...pruned, context: { ...context, held: halves.unseen } } : pruned;
  const fidelityBefore = await comparedOnHeld(unseen);
  return {
    pruned: { ...unseen, model, plan: withRecipe, verification },
    tuning: { ...tuning, ...(fidelityBefore && { fidelityBefore }) },
  };
}

/** Samples that training needs at least to choose by. */
const LEAST_SAMPLES = 16;

/** Held-back samples, one half to choose by and one to report on; undefined where they are too few. */
function halved(held: Calibration): { validation: Calibration; unseen: Calibration } | undefined {
  const count = held.count ?? 0;
  if (count < 2 * LEAST_SAMPLES - 1) return undefined;
  const choosing = Math.ceil(count / 2);
  return {
    validation: part(held, choosing, (at) => at % 2 === 0),
    unseen: part(held, count - choosing, (at) => at % 2 === 1),
  };
}

const CAUSES: ReadonlySet<string> = new Set(['unsupported', 'calibration', 'limit', 'runtime']);

/** Long work is not lost because the last stage cannot be done. */
function missed(error: unknown): string {
  if (error instanceof SnpError && CAUSES.has(error.code)) return error.message;
  throw error;
}

function warned<Made extends Planned>(pruned: Proven<Made>, why: string): Proven<Made> {
  return { ...pruned, warnings: [...pruned.warnings, `The model was not tuned, and is as it was pruned: ${why}`] };
}

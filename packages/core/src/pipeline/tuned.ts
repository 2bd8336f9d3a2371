import { type Model, SnpError } from '@snp/onnx';
import type { Calibration } from '@snp/runtime';
import type { OpenContext } from '../context/open.js';
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
   * @throws SnpError `unsupported`, `calibration`, `limit` or `runtime` where it cannot be trained: that is a warning, and the model stays as it was pruned.
   */
  tune(
    pruned: Model,
    options: {
      teacher: Model;
      data: Calibration;
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
  const { data, original, clock, signal, proof } = context;
  const left = { pruned, tuning: undefined };
  if (!tuner || !data) return left;
  const found = await clock
    .time('tune', (onProgress) => tuner.tune(pruned.model, { teacher: original, data, signal, onProgress }))
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
  const fidelityBefore = await comparedOnHeld(pruned);
  return {
    pruned: { ...pruned, model, plan: withRecipe, verification },
    tuning: { ...tuning, ...(fidelityBefore && { fidelityBefore }) },
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

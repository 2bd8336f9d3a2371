import type { Analysis } from '@snp/graph';
import type { Model } from '@snp/onnx';
import type { Calibration, Runtime } from '@snp/runtime';
import { checkOptions, type OptionFields } from '../options/checkOptions.js';
import * as is from '../options/fields.js';
import { checkPlan, type Plan } from '../plan/plan.js';
import { Proof, type Verification } from './proof.js';
import { TOLERANCES } from './tolerance.js';

/** Options of `verify`. */
export interface VerifyOptions {
  /** Where the models run. */
  runtime: Runtime;
  /** The model before it was made ready for the analysis. With it, the proof says that this changed nothing either. */
  original?: Model | string | undefined;
  /** Inputs to compare on. Default: two batches of random numbers, for which sizes are found that the model takes. */
  data?: Calibration | undefined;
  /** Sizes of free dimensions of random inputs, by name. */
  dims?: Readonly<Record<string, number>> | undefined;
  /** Largest relative difference that passes, max |a - b| / max |b| over an output. Default by the type that the model computes in: `VERIFY_DEFAULTS.tolerances`. */
  tolerance?: number | undefined;
  /** Most samples to take from `data`. Default 8. */
  limit?: number | undefined;
  seed?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called after each comparison. */
  onProgress?: ((done: number, total: number | undefined) => void) | undefined;
}

const VERIFY_FIELDS: OptionFields<VerifyOptions> = {
  runtime: is.runtime,
  original: is.source,
  data: is.calibration,
  dims: is.numbersByName,
  tolerance: is.positive,
  limit: is.count,
  seed: is.whole,
  signal: is.signal,
  onProgress: is.anyFunction,
};

/** Defaults of `verify`. */
export const VERIFY_DEFAULTS = { tolerances: TOLERANCES, limit: 8, seed: 1 } as const;

/**
 * Proves that a pruned model computes what it should: the same as the original with the removed units' weights set to zero
 * and its norms taken over what stays, on real or random inputs. Where the plan says that weights were recovered, the original
 * takes the pruned model's weights at the places that stay: then the proof is that surgery is right, not that compensation is good.
 * Whole numbers among the outputs have to be equal, but for what a tie decides.
 *
 * @throws SnpError `plan-mismatch` if the plan is for another model; `invalid-argument` if no random inputs are found that the original takes, or its answers say
 * nothing, with what to give; `runtime` if the original does not run; `unsupported` if the original answers otherwise after it was made ready.
 * @example
 * const { passed, difference } = await verify(analysis, 'vit.snp.onnx', plan, { runtime });
 */
export async function verify(
  analysis: Analysis,
  pruned: Model | string,
  plan: Plan,
  given: VerifyOptions,
): Promise<Verification> {
  checkOptions('verify', given, VERIFY_FIELDS);
  const { onProgress, limit = VERIFY_DEFAULTS.limit, seed = VERIFY_DEFAULTS.seed, ...options } = given;
  checkPlan(plan, analysis);
  const proof = await Proof.prepare(analysis, { ...options, limit, seed });
  return proof.check(plan, pruned, onProgress);
}

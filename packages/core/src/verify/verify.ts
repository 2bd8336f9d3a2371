import type { Analysis } from '@snp/graph';
import type { Model } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import type { Calibration, Feeds, Runtime } from '@snp/runtime';
import { relativeDifference } from '../evaluate/fidelity.js';
import { checkPlan, type Plan } from '../plan/plan.js';
import { removedSlices } from '../report/removedSlices.js';
import { maskedModel } from './maskedModel.js';
import { randomFeeds } from './randomFeeds.js';
import { restoredModel } from './restoredModel.js';

/** Options of `verify`. */
export interface VerifyOptions {
  /** Where both models run. */
  runtime: Runtime;
  /** Inputs to compare on. Default: two batches of random numbers. */
  data?: Calibration | undefined;
  /** Largest relative difference that passes, max |a - b| / max |b|. Default 1e-4 (float32). */
  tolerance?: number | undefined;
  /** Most samples to take from `data`. Default 8. */
  limit?: number | undefined;
  seed?: number | undefined;
  /** Called after each comparison. */
  onProgress?: ((done: number, total: number | undefined) => void) | undefined;
}

/** The outcome of a verification. */
export interface Verification {
  passed: boolean;
  /** Largest relative difference over all outputs and runs. */
  difference: number;
  tolerance: number;
  runs: number;
}

/** Defaults of `verify`. */
export const VERIFY_DEFAULTS = { tolerance: 1e-4, limit: 8, seed: 1 } as const;

/**
 * Proves that a pruned model computes what it should: the same as the original with the removed units' weights set to zero
 * and its norms taken over what stays, on real or random inputs. Where the plan says that weights were recovered, the original
 * takes the pruned model's weights at the places that stay: then the proof is that surgery is right, not that recovery is good.
 *
 * @throws SnpError `plan-mismatch` if the plan is for another model.
 * @example
 * const { passed, difference } = await verify(analysis, 'vit.snp.onnx', plan, { runtime });
 */
export async function verify(
  analysis: Analysis,
  pruned: Model | string,
  plan: Plan,
  options: VerifyOptions,
): Promise<Verification> {
  checkPlan(plan, analysis);
  const tolerance = options.tolerance ?? VERIFY_DEFAULTS.tolerance;
  const original = plan.recovery
    ? restoredModel(analysis, typeof pruned === 'string' ? await readModel(pruned) : pruned, plan)
    : analysis.model;
  const masked = maskedModel(original, removedSlices(plan, analysis));
  const [expected, actual] = [await options.runtime.open(masked), await options.runtime.open(pruned)];
  try {
    let difference = 0;
    let runs = 0;
    const total = totalOf(options);
    for await (const feeds of feedsOf(analysis, options)) {
      const [want, got] = await Promise.all([expected.run(feeds), actual.run(feeds)]);
      difference = Math.max(difference, largestDifference(want, got));
      options.onProgress?.(++runs, total);
    }
    return { passed: difference <= tolerance, difference, tolerance, runs };
  } finally {
    await Promise.all([expected.close(), actual.close()]);
  }
}

async function* feedsOf(analysis: Analysis, options: VerifyOptions): AsyncGenerator<Feeds> {
  if (!options.data) {
    const seed = options.seed ?? VERIFY_DEFAULTS.seed;
    yield randomFeeds(analysis.model, analysis.shapes, { seed, batch: 1 });
    yield randomFeeds(analysis.model, analysis.shapes, { seed: seed + 1, batch: 3 });
    return;
  }
  let taken = 0;
  for await (const sample of options.data.samples()) {
    yield sample.feeds;
    if (++taken >= (options.limit ?? VERIFY_DEFAULTS.limit)) return;
  }
}

function totalOf({ data, limit = VERIFY_DEFAULTS.limit }: VerifyOptions): number {
  return data ? Math.min(limit, data.count ?? limit) : 2;
}

/** Outputs in order: a model may name them differently. */
function largestDifference(want: Feeds, got: Feeds): number {
  const [a, b] = [Object.values(want), Object.values(got)];
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return a.reduce((worst, tensor, at) => {
    if (tensor.dims.join() !== b[at].dims.join()) return Number.POSITIVE_INFINITY;
    return Math.max(worst, relativeDifference(tensor.data as ArrayLike<number>, b[at].data as ArrayLike<number>));
  }, 0);
}

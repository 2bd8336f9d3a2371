import type { Analysis } from '@snp/graph';
import { type Model, SnpError } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import type { Calibration, Feeds, Runtime, Session } from '@snp/runtime';
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
    for await (const feeds of feedsOf(analysis, expected, options)) {
      const [want, got] = await Promise.all([expected.run(feeds), actual.run(feeds)]);
      difference = Math.max(difference, largestDifference(want, got));
      runs++;
      options.onProgress?.(runs, total);
    }
    return { passed: difference <= tolerance, difference, tolerance, runs };
  } finally {
    await Promise.all([expected.close(), actual.close()]);
  }
}

async function* feedsOf(analysis: Analysis, session: Session, options: VerifyOptions): AsyncGenerator<Feeds> {
  if (!options.data) {
    const seed = options.seed ?? VERIFY_DEFAULTS.seed;
    const other = await workingSize(analysis, session, seed);
    yield randomFeeds(analysis.model, analysis.shapes, { seed, batch: 1, other });
    yield randomFeeds(analysis.model, analysis.shapes, { seed: seed + 1, batch: 3, other });
    return;
  }
  let taken = 0;
  for await (const sample of options.data.samples()) {
    yield sample.feeds;
    if (++taken >= (options.limit ?? VERIFY_DEFAULTS.limit)) return;
  }
}

/** Sizes to try for free dimensions, such as the number of tokens: tables of positions and masks may be small. */
const SIZES = [16, 8, 4, 3, 2, 1];

/** The first size of free dimensions that the model takes. */
async function workingSize({ model, shapes }: Analysis, session: Session, seed: number): Promise<number> {
  let first: unknown;
  for (const other of SIZES) {
    try {
      await session.run(randomFeeds(model, shapes, { seed, batch: 1, other }));
      return other;
    } catch (error) {
      first ??= error;
    }
  }
  if (!(first instanceof SnpError) || first.code !== 'runtime') throw first;
  throw new SnpError(
    'runtime',
    `The model takes no random inputs (${first.message}) Give real ones with --data.`,
    first.place,
    {
      cause: first,
    },
  );
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

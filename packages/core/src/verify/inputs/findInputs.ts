import { freeNames, type Model, type ShapeInfo, SnpError } from '@snp/onnx';
import type { Feeds } from '@snp/runtime';
import { isEmpty, saysSomething } from '../saysSomething.js';
import { type Fill, randomFeeds } from './randomFeeds.js';
import { sizesToTry } from './sizesToTry.js';

/** Options of `findInputs`. */
export interface FindInputsOptions {
  seed: number;
  /** First dimension of every input, where it is free. */
  batch: number;
  /** Sizes of free dimensions by their names. */
  dims?: Readonly<Record<string, number>> | undefined;
}

/** Random inputs that a model takes. */
export interface FoundInputs {
  feeds: Feeds;
  /** What the model answers to them. */
  answers: Feeds;
  /** Sizes of free dimensions but for the batch, and what inputs are filled with: for more of the same kind. */
  sizes: Readonly<Record<string, number>>;
  fill: Partial<Fill>;
}

/** Runs of the model, most of which it refuses at once. */
const MOST_TRIES = 48;

/** Milliseconds after which no further sizes are tried. */
const LONGEST = 60_000;

/** Other contents of inputs, where the answers to the usual ones say nothing. */
const FILLS: readonly Partial<Fill>[] = [
  { masks: 'some' },
  { masks: 'none' },
  { values: 'unit' },
  { switches: false },
  { masks: 'some', switches: false },
  { masks: 'none', switches: false },
];

/**
 * Finds random inputs that a model takes, by trying sizes for what its file leaves open.
 *
 * @param run Runs the model.
 * @throws SnpError `invalid-argument` if none are found, with what to give.
 */
export async function findInputs(
  model: Model,
  shapes: ShapeInfo,
  run: (feeds: Feeds) => Promise<Feeds>,
  { seed, batch, dims }: FindInputsOptions,
): Promise<FoundInputs> {
  const start = performance.now();
  let first: unknown;
  let silent: FoundInputs | undefined;
  let empty: FoundInputs | undefined;
  let tries = 0;
  const attempt = async (sizes: Readonly<Record<string, number>>, fill: Partial<Fill>) => {
    if (tries++ >= MOST_TRIES || performance.now() - start > LONGEST) return undefined;
    try {
      const feeds = randomFeeds(model, shapes, { seed, batch, dims: { ...sizes, ...dims }, fill });
      const found = { feeds, answers: await run(feeds), sizes: { ...sizes, ...dims }, fill };
      if (saysSomething(found.answers)) return found;
      // Where there is nothing in an answer, other sizes may be the ones.
      if (!isEmpty(found.answers)) silent ??= found;
      else empty ??= found;
    } catch (error) {
      if (!(error instanceof SnpError) || error.code !== 'runtime') throw error;
      first ??= error;
    }
    return undefined;
  };
  const candidates = sizesToTry(model, shapes, dims);
  for (const sizes of candidates) {
    const found = await attempt(sizes, {});
    if (found) return found;
    if (silent) break;
  }
  for (const fill of FILLS) {
    for (const sizes of silent ? [silent.sizes] : candidates.slice(0, 3)) {
      const found = await attempt(sizes, fill);
      if (found) return found;
    }
  }
  const useless = silent ?? empty;
  if (useless) return useless;
  throw noInputs(model, shapes, dims, first as SnpError);
}

function noInputs(
  model: Model,
  shapes: ShapeInfo,
  dims: FindInputsOptions['dims'],
  cause: SnpError | undefined,
): SnpError {
  const { firsts, others } = freeNames(model.graph, shapes);
  const open = [...firsts, ...others].filter((name) => dims?.[name] === undefined);
  const advice =
    open.length > 0
      ? `Sizes were tried for the free dimensions ${open.join(', ')}: state those that go together with --dim NAME=N, or give real inputs`
      : 'Give real inputs';
  return new SnpError(
    'invalid-argument',
    `No random inputs were found that the model takes (${cause?.message ?? 'none could be tried'}). ${advice} (--calib DIR with files NAME.npy, or --data DIR of verify).`,
    cause?.place,
    { cause },
  );
}

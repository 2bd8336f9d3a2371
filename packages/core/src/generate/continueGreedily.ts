import {
  type Feeds,
  floatsOf,
  type PastTokens,
  type RuntimeTensor,
  type Session,
  textFeeds,
  tokenInputs,
} from '@snp/runtime';
import { argmax } from '../evaluate/rows.js';
import { cachePairs } from './cachePairs.js';

/** Options of `continueGreedily`. */
export interface ContinueOptions {
  /** Tokens that are written at most. */
  count: number;
  /** The output with a row of scores for each token. */
  output: string;
  /** Whether keys and values of earlier tokens are kept from run to run where the model takes them; else the whole text is read for each token. Default true. */
  cache?: boolean | undefined;
  /** What other inputs are given at each token, such as an encoder's answer. Default none. */
  besides?: Feeds | undefined;
  /** Milliseconds after which no further token is begun. Default none. */
  limitMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Goes on with a text: the likeliest token, again and again.
 *
 * @param session A language model that reads from left to right.
 * @param ids Tokens of the text so far.
 * @returns The tokens that were written: at least one, unless the model takes a fixed number of tokens and the text fills it.
 * @throws SnpError `calibration` for an input that cannot be made from tokens, by name.
 * @example
 * const session = await onnxRuntime().open('decoder.onnx');
 * const written = await continueGreedily(session, [1, 734, 92], { count: 20, output: 'logits' });
 */
export async function continueGreedily(
  session: Session,
  ids: readonly number[],
  { count, output, cache = true, besides = {}, limitMs = Number.POSITIVE_INFINITY, signal }: ContinueOptions,
): Promise<number[]> {
  const inputs = session.inputs.filter(({ name }) => !(name in besides));
  const size = tokenInputs(inputs)[0]?.dims[1];
  // A model that takes a fixed number of tokens reads the text from its begin, with something behind it that it does not see yet.
  const fixed = typeof size === 'number' ? size : undefined;
  const pairs =
    cache && fixed === undefined ? cachePairs({ inputs, outputs: session.outputs }) : new Map<string, string>();
  const fetches = [output, ...pairs.values()];
  const all = [...ids];
  const end = ids.length + (fixed === undefined ? count : Math.min(count, fixed - ids.length));
  const started = performance.now();
  let past: PastTokens | undefined;
  while (all.length < end) {
    const read = fixed === undefined ? all.slice(past?.count ?? 0) : filledUp(all, fixed);
    const answers = await session.run({ ...textFeeds(read, inputs, past), ...besides }, { fetches, signal });
    const behind = fixed === undefined ? 0 : fixed - all.length;
    if (pairs.size > 0) past = { count: all.length, feeds: kept(answers, pairs, past?.feeds) };
    all.push(likeliest(answers[output], behind));
    if (performance.now() - started > limitMs) break;
  }
  return all.slice(ids.length);
}

const filledUp = (ids: readonly number[], size: number) => [
  ...ids,
  ...new Array<number>(size - ids.length).fill(ids[0]),
];

/** Keys and values for the next run. Where there is a past, those of an encoder's answer are what they were: exporters give nothing in their place. */
function kept(answers: Feeds, pairs: ReadonlyMap<string, string>, before: Feeds | undefined): Feeds {
  const stays = (name: string) => before !== undefined && /encoder|cross/i.test(name);
  return Object.fromEntries(
    [...pairs].map(([input, output]) => [input, stays(input) ? before![input] : answers[output]]),
  );
}

/** The token with the highest score in the last row but so many. */
function likeliest(scores: RuntimeTensor, behind: number): number {
  const numbers = floatsOf(scores)!;
  const width = scores.dims.at(-1)!;
  const from = numbers.length - width * (1 + behind);
  return argmax(numbers.subarray(from, from + width));
}

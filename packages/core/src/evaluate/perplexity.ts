import {
  type FollowingTokens,
  floatsOf,
  type RuntimeTensor,
  type Sample,
  type Session,
  tokenInputs,
} from '@snp/runtime';
import { fittingFeeds } from '../data/emptyPast.js';
import { argmax, logSum } from './rows.js';

/** How well a language model foretells the tokens of texts. */
export interface Perplexity {
  /** Tokens that were foretold. */
  tokens: number;
  /** exp of the mean negative log-likelihood, per token; per byte of UTF-8 and per word where the text is known, not its tokens alone. */
  perToken: number;
  perByte?: number;
  perWord?: number;
  /** Share of tokens that had the highest score. */
  right: number;
}

/** Adds up `Perplexity` over samples that know which tokens follow. */
export class PerplexityMeter {
  #nats = 0;
  #right = 0;
  #tokens = 0;
  #bytes = 0;
  #words = 0;

  /**
   * @param rows Scores of one sample, [tokens, vocabulary].
   */
  add(
    rows: ArrayLike<number> & { subarray(from: number, to: number): ArrayLike<number> },
    following: FollowingTokens,
  ): void {
    const { ids, bytes, words } = following;
    const width = rows.length / ids.length;
    for (const [at, id] of ids.entries()) {
      if (id < 0) continue;
      const row = rows.subarray(at * width, (at + 1) * width);
      this.#nats += logSum(row) - row[id];
      this.#tokens++;
      if (argmax(row) === id) this.#right++;
    }
    this.#bytes += bytes;
    this.#words += words;
  }

  get result(): Perplexity | undefined {
    if (this.#tokens === 0) return undefined;
    const per = (count: number) => Math.exp(this.#nats / count);
    return {
      tokens: this.#tokens,
      perToken: per(this.#tokens),
      ...(this.#bytes > 0 && { perByte: per(this.#bytes) }),
      ...(this.#words > 0 && { perWord: per(this.#words) }),
      right: this.#right / this.#tokens,
    };
  }
}

/** The tokens that follow in a sample, where an output has a row of scores for each; undefined for others. */
export function followingIn({ following }: Sample, { dims }: RuntimeTensor): FollowingTokens | undefined {
  const fits = dims.length === 3 && following !== undefined && dims[1] === following.ids.length;
  return fits && following.ids.every((id) => id < dims[2]) ? following : undefined;
}

/**
 * Whether a model foretells tokens without having seen them: what it says at the first of them does not hang on the last. Models that look both ways do not.
 *
 * @param sample With an input of token numbers.
 */
export async function foretells(session: Session, sample: Sample, output: string): Promise<boolean> {
  const feeds = fittingFeeds(sample.feeds, session.inputs);
  const [input] = tokenInputs(session.inputs);
  const tokens = input && feeds[input.name];
  if (!tokens || tokens.dims[1] < 2) return false;
  const other = { ...feeds, [input.name]: withOtherEnd(tokens) };
  const fetches = [output];
  const [whole, changed] = [await session.run(feeds, { fetches }), await session.run(other, { fetches })].map((all) =>
    floatsOf(all[output]),
  );
  if (!whole || whole.length !== changed?.length) return false;
  const before = whole.length - whole.length / tokens.dims[1];
  let scale = 0;
  for (const number of whole) scale = Math.max(scale, Math.abs(number));
  for (let at = 0; at < before; at++) if (Math.abs(whole[at] - changed[at]) > 1e-3 * scale) return false;
  return true;
}

/** The same tokens but for the last: another one of them. */
function withOtherEnd(tokens: RuntimeTensor): RuntimeTensor {
  const data = tokens.data.slice() as BigInt64Array;
  const end = data.length - 1;
  data[end] = data[end] === data[0] ? data[Math.floor(end / 2)] : data[0];
  return { ...tokens, data };
}

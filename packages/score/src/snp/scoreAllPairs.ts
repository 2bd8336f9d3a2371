import { pairScores } from './pairScores.js';

/** Gram matrices of queries and keys, one pair after another (sample by sample, head by head). */
export interface PairScoresJob {
  /** [pairs, width, width], row-major. */
  queries: Float64Array;
  keys: Float64Array;
  width: number;
  gamma: number;
}

/** Scores of every pair's neurons: [pairs, width]. */
export function scoreAllPairs({ queries, keys, width, gamma }: PairScoresJob): Float64Array {
  const size = width * width;
  const scores = new Float64Array(queries.length / width);
  for (let pair = 0; pair * size < queries.length; pair++) {
    const own = [queries, keys].map((grams) => grams.subarray(pair * size, (pair + 1) * size));
    scores.set(pairScores(own[0], own[1], width, gamma), pair * width);
  }
  return scores;
}

import type { Analysis } from '@snp/graph';
import { controlFlow } from './controlFlow.js';
import { noAttention } from './noAttention.js';
import type { Obstacle } from './obstacle.js';
import { quantisation } from './quantisation.js';

/**
 * What keeps pruning from parts of a model or all of it, as a whole: that it is quantised, has weights in branches or loops, or no attention that was
 * recognised. What is frozen for reasons of its own stands in `Analysis.frozen`.
 *
 * @example
 * for (const { message } of obstaclesOf(prepare(model, { allowNothing: true }))) console.log(message);
 */
export function obstaclesOf(analysis: Analysis): Obstacle[] {
  const { model } = analysis;
  const quantised = quantisation(model);
  const bodies = controlFlow(model);
  // What stands in the place of an attention of integers has been said.
  const missing = quantised ? undefined : noAttention(analysis, bodies && ' outside of these bodies');
  return [quantised, bodies, missing].filter((found) => found !== undefined);
}

/** What a person who prunes is to know of it. A model of which nothing looks like attention needs no word about it. */
export function obstacleWarnings(analysis: Analysis): string[] {
  return obstaclesOf(analysis).flatMap(({ kind, message, nodes }) =>
    kind !== 'no-attention' || nodes.length > 0 ? [message] : [],
  );
}

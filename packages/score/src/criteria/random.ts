import { uniformNumbers } from '@snp/runtime';
import type { Criterion } from '../criterion.js';

/** Scores drawn from a seeded generator: the same seed gives the same scores for a group of the same name. Default seed 0. */
export function random(options: { seed?: number } = {}): Criterion {
  return {
    name: 'random',
    score(group) {
      const next = uniformNumbers((options.seed ?? 0) ^ hash(group.id));
      return Float64Array.from({ length: group.units }, next);
    },
  };
}

function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return sum >>> 0;
}

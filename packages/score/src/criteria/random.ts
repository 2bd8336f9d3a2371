import type { Criterion } from '../criterion.js';

/** Scores drawn from a seeded generator: the same seed gives the same scores for a group of the same name. Default seed 0. */
export function random(options: { seed?: number } = {}): Criterion {
  return {
    name: 'random',
    score(group) {
      const next = mulberry32((options.seed ?? 0) ^ hash(group.id));
      return Float64Array.from({ length: group.units }, next);
    },
  };
}

/** Tommy Ettinger's mulberry32: uniform numbers in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return sum >>> 0;
}

import type { Selection } from './selection.js';

/** One of several equal parts of the data. */
export interface Shard {
  /** From 1 on. */
  number: number;
  of: number;
}

/** The samples that belong to a shard: every N-th of those that were selected, so that shards are alike. */
export function shardOf<T extends Selection>(options: T, { number, of }: Shard): T {
  const { every = 1, start = 0, limit } = options;
  return {
    ...options,
    every: every * of,
    start: start + every * (number - 1),
    ...(limit !== undefined && { limit: Math.max(1, Math.ceil((limit - (number - 1)) / of)) }),
  };
}

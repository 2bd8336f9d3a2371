import { InvalidArgumentError } from 'commander';
import type { DataOptions } from './data.js';

/** One of several equal parts of the data. */
export interface Shard {
  /** From 1 on. */
  number: number;
  of: number;
}

/** Parses `2/4`. */
export function shard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [number, of] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || number < 1 || number > of)
    throw new InvalidArgumentError('Write I/N with I from 1 to N, for example 2/4.');
  return { number, of };
}

/** The samples that belong to a shard: every N-th of those that were selected, so that shards are alike. */
export function shardOf<T extends DataOptions>(options: T, { number, of }: Shard): T {
  const { every = 1, start = 0, limit } = options;
  return {
    ...options,
    every: every * of,
    start: start + every * (number - 1),
    ...(limit !== undefined && { limit: Math.max(1, Math.ceil((limit - (number - 1)) / of)) }),
  };
}

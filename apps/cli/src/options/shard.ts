import type { Shard } from '@snp/runtime';
import { InvalidArgumentError } from 'commander';

/** Parses `2/4`. */
export function shard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [number, of] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || number < 1 || number > of)
    throw new InvalidArgumentError('Write I/N with I from 1 to N, for example 2/4.');
  return { number, of };
}

import type { Sample } from '@snp/runtime';

/**
 * Which rows of an output [samples, tokens, width] stand for padding: those whose token the sample's `attention_mask` leaves out.
 *
 * @returns Undefined where no mask says it, or no token is left out.
 */
export function paddingIn(
  samples: readonly Pick<Sample, 'feeds'>[],
  dims: readonly number[],
): ((row: number) => boolean) | undefined {
  const tokens = dims[1];
  if (dims.length !== 3) return undefined;
  const masks = samples.map(({ feeds }) => feeds.attention_mask);
  if (!masks.every((mask) => mask?.dims.length === 2 && mask.dims[1] === tokens)) return undefined;
  const counts = masks.map(({ data }) => Array.from(data as BigInt64Array, Number));
  if (counts.every((mask) => mask.every((one) => one !== 0))) return undefined;
  return (row) => counts[Math.floor(row / tokens)]?.[row % tokens] === 0;
}

import type { Model } from '@snp/onnx';
import { type Calibration, type Feeds, type RuntimeTensor, tensorInputs, tokenInputs } from '@snp/runtime';
import { mapSamples } from './mapSamples.js';

/**
 * Calibration data with the tokens of each text once more in place of its padding. Nothing attends to them, so the answers stay; but where a model takes one length, statistics count every row that runs through a layer,
 * and rows of padding are like no row of a text.
 */
export function filledPadding(data: Calibration, model: Model): Calibration {
  const names = tokenInputs(tensorInputs(model)).map(({ name }) => name);
  return mapSamples(data, (feeds) => filled(feeds, names));
}

function filled(feeds: Feeds, names: readonly string[]): Feeds {
  const own = names.flatMap((name): [string, RuntimeTensor][] => {
    const tokens = feeds[name];
    const mask = feeds[maskOf(name)];
    if (tokens?.dims.length !== 2 || mask?.dims.join() !== tokens.dims.join()) return [];
    const data = (tokens.data as BigInt64Array).slice();
    const counts = Array.from(mask.data as ArrayLike<number | bigint>, (one) => Number(one) !== 0);
    const length = tokens.dims[1];
    for (let row = 0; row < data.length; row += length) fillRow(data, counts, { row, length });
    return [[name, { ...tokens, data }]];
  });
  return own.length > 0 ? { ...feeds, ...Object.fromEntries(own) } : feeds;
}

/** The mask that goes with tokens: `decoder_attention_mask` for `decoder_input_ids`. */
function maskOf(tokens: string): string {
  return `${tokens.replace(/(input_?)?(ids|tokens?)$/i, '')}attention_mask`;
}

function fillRow(
  data: BigInt64Array,
  counts: readonly boolean[],
  { row, length }: { row: number; length: number },
): void {
  const places = Array.from({ length }, (_, at) => row + at);
  const text = places.filter((at) => counts[at]).map((at) => data[at]);
  if (text.length === 0) return;
  for (const [index, at] of places.filter((at) => !counts[at]).entries()) data[at] = text[index % text.length];
}

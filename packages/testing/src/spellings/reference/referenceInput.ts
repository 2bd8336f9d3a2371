import type { StackWeights } from '../drawnWeights.js';
import type { NormParts } from '../normSpelling.js';
import { TOKENS } from '../sizes.js';
import type { SpelledSpec } from '../spelledSpec.js';
import type { Weight } from '../weight.js';
import { addRows, linear, type Removal, type Rows } from './rows.js';

/** Numbers of one sample of an input. */
export type Feed = (name: string) => number[];

/** Numbers as rows, one per token. */
export function rowsOf(numbers: readonly number[], tokens: number): Rows {
  const width = numbers.length / tokens;
  return Array.from({ length: tokens }, (_, token) =>
    Float64Array.from(numbers.slice(token * width, (token + 1) * width)),
  );
}

/** One sample of a model's input as tokens by channels. */
export function referenceInput(
  { input, width }: SpelledSpec,
  weights: StackWeights,
  feed: Feed,
  prefix: string,
  removal: Removal,
): Rows {
  const table = (weight: Weight, rows: readonly number[]): Rows => {
    const { data } = weight.without(removal.removed);
    return rows.map((row) => data.slice(row * width, (row + 1) * width));
  };
  switch (input) {
    case 'features':
      return linear(rowsOf(feed(`${prefix}features`), TOKENS), weights.features.weight, weights.features.bias, removal);
    case 'ids':
      return addRows(
        table(weights.embedding, feed(`${prefix}ids`)),
        table(weights.positions, [...Array(TOKENS).keys()]),
      );
    case 'patches': {
      const patches = convolved(imageOf(feed(`${prefix}image`), 3), weights.patches, 2, 0, removal);
      return addRows(
        [...table(weights.first, [0]), ...tokensOf(patches)],
        table(weights.positions, [...Array(TOKENS).keys()]),
      );
    }
    case 'stem':
    case 'stem-normed': {
      const made = convolved(imageOf(feed(`${prefix}image`), 3), weights.stem, 1, 1, removal);
      const normed =
        input === 'stem' ? made : made.map((plane, at) => planeNormed(plane, weights.stemNorm, at, removal));
      const active = normed.map((plane) => plane.map((row) => row.map((number) => Math.max(number, 0))));
      return tokensOf(convolved(active, weights.stemPatches, 2, 0, removal));
    }
  }
}

/** By channel, row and column. */
type Image = readonly (readonly (readonly number[])[])[];

/** All images here are two rows high. */
function imageOf(numbers: readonly number[], channels: number): Image {
  const columns = numbers.length / channels / 2;
  return Array.from({ length: channels }, (_, channel) =>
    [0, 1].map((row) => numbers.slice((channel * 2 + row) * columns, (channel * 2 + row + 1) * columns)),
  );
}

/** Pixels in order, by channels. */
function tokensOf(image: Image): Rows {
  const flat = image.map((plane) => plane.flat());
  return flat[0].map((_, pixel) => Float64Array.from(flat, (plane) => plane[pixel]));
}

function convolved(
  image: Image,
  { weight, bias }: StackWeights['stem'],
  stride: number,
  pad: number,
  { removed }: Removal,
): Image {
  const [outputs, inputs, height, width] = weight.dims;
  const { data } = weight.without(removed);
  const shift = bias!.without(removed).data;
  const size = (length: number, kernel: number) => Math.floor((length + 2 * pad - kernel) / stride) + 1;
  const [rows, columns] = [size(image[0].length, height), size(image[0][0].length, width)];
  const at = (channel: number, row: number, column: number) => image[channel][row]?.[column] ?? 0;
  const pixel = (to: number, y: number, x: number) => {
    let sum = shift[to];
    for (let from = 0; from < inputs; from++) {
      for (let i = 0; i < height; i++) {
        for (let j = 0; j < width; j++) {
          const factor = data[((to * inputs + from) * height + i) * width + j];
          sum += factor * at(from, y * stride - pad + i, x * stride - pad + j);
        }
      }
    }
    return sum;
  };
  return Array.from({ length: outputs }, (_, to) =>
    Array.from({ length: rows }, (_, y) => Array.from({ length: columns }, (_, x) => pixel(to, y, x))),
  );
}

/** One channel by stored statistics. */
function planeNormed(
  plane: Image[number],
  { scale, shift, mean, variance, epsilon }: NormParts,
  at: number,
  { removed }: Removal,
): number[][] {
  const root = Math.sqrt(variance.data[at] + epsilon);
  const [factor, offset] = [scale!, shift!].map((weight) => weight.without(removed).data[at]);
  return plane.map((row) => row.map((number) => ((number - mean.data[at]) / root) * factor + offset));
}

import { freeNames, type Model, type ShapeInfo, symbolsOf } from '@snp/onnx';
import { modelInputs } from './freeSizes.js';

/** Lengths, the likely ones first: tables of positions and masks may be small, recordings have thousands of numbers. */
const LENGTHS = [16, 8, 4, 3, 2, 1, 32, 64, 128, 256, 512, 1024, 4000, 16000];

/** Heights and widths of pictures. */
const PIXELS = [224, 64, 32, 256, 384, 112, 16, 8];

/** Sums of two others are tried for no more free dimensions than this. */
const MOST_RELATED = 5;

/**
 * Sizes of free dimensions other than the batch, in the order in which they are worth a try. First all alike, by the kind of input, smaller and larger; in between
 * sizes that belong together: one that is the sum of two others, one more than another, one token at a time, or nothing that came before.
 *
 * @param given Sizes that are known.
 */
export function sizesToTry(
  model: Model,
  shapes: ShapeInfo,
  given: Readonly<Record<string, number>> = {},
): Record<string, number>[] {
  const names = freeNames(model.graph, shapes).others.filter((name) => given[name] === undefined);
  if (names.length === 0) return [{}];
  const pixels = pixelNames(model, shapes);
  const alike = LENGTHS.map((length, at) =>
    Object.fromEntries(names.map((name) => [name, pixels.has(name) ? (PIXELS[at] ?? length) : length])),
  );
  // The first one leaves lengths to their names.
  const first = Object.fromEntries(names.filter((name) => pixels.has(name)).map((name) => [name, PIXELS[0]]));
  const named = [{ ...first }, ...[8, 4, 2].map((other) => ({ ...first, ...ofParts(names, other) }))];
  return [...named, ...alike.slice(0, 3), ...related(names, 4), ...alike.slice(3), ...related(names, 1)];
}

/** All but those that are sums by their names. */
function ofParts(names: readonly string[], size: number): Record<string, number> {
  return Object.fromEntries(names.filter((name) => !/total|present/i.test(name)).map((name) => [name, size]));
}

/** One dimension is the sum of two, one more than another, a single one beside others, or there is nothing of one. */
function related(names: readonly string[], size: number): Record<string, number>[] {
  if (names.length < 2 || names.length > MOST_RELATED) return [];
  const all = Object.fromEntries(names.map((name) => [name, size]));
  const sums = names.flatMap((total) => {
    const parts = names.filter((name) => name !== total);
    const pairs = parts.flatMap((a, at) => parts.slice(at + 1).map((b) => [a, b]));
    return pairs.map(([a, b]) => ({ ...all, [a]: size + 1, [total]: all[b] + size + 1 }));
  });
  const each = (own: number) => names.map((name) => ({ ...all, [name]: own }));
  return [...sums, ...each(size + 1), ...each(1), ...each(0)];
}

/** Free heights and widths of inputs that look like pictures. */
function pixelNames(model: Model, shapes: ShapeInfo): Set<string> {
  const found = new Set<string>();
  for (const input of modelInputs(model)) {
    const shape = shapes.shape(input) ?? [];
    const channelsAt = [1, -1].find((axis) => [1, 3, 4].includes(shape.at(axis) as number));
    if (shape.length !== 4 || channelsAt === undefined) continue;
    for (const dim of channelsAt === 1 ? shape.slice(2) : shape.slice(1, 3))
      for (const { name } of symbolsOf(dim)) found.add(name);
  }
  return found;
}

import { type Dim, dimsEqual, divideDims } from '@snp/onnx';

/**
 * One factor of an axis. An axis of 768 channels that a reshape splits into 12 heads of 64 is the ordered product of two
 * factors, the outer first; merging the axes again puts both factors on one axis. Compared by identity.
 */
export class Factor {
  constructor(readonly size: Dim) {}
}

/** How each factor of a list is to be split, as sizes from the outermost; undefined: left whole. */
export type Splits = Map<Factor, Dim[]>;

/**
 * The splits after which two factor lists of equal product have equal sizes one by one, or undefined if no such common
 * refinement exists.
 */
export function refine(a: readonly Factor[], b: readonly Factor[]): { a: Splits; b: Splits } | undefined {
  const left = a.map((factor) => ({ factor, rest: factor.size, parts: [] as Dim[] }));
  const right = b.map((factor) => ({ factor, rest: factor.size, parts: [] as Dim[] }));
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    const x = left[i];
    const y = right[j];
    const part = commonPart(x.rest, y.rest);
    if (part === undefined) return undefined;
    x.parts.push(part);
    y.parts.push(part);
    x.rest = divideDims(x.rest, part)!;
    y.rest = divideDims(y.rest, part)!;
    if (dimsEqual(x.rest, 1)) i++;
    if (dimsEqual(y.rest, 1)) j++;
  }
  if (i < left.length || j < right.length) return undefined;
  const collect = (items: typeof left): Splits =>
    new Map(items.filter((item) => item.parts.length > 1).map((item) => [item.factor, item.parts]));
  return { a: collect(left), b: collect(right) };
}

/** The outer part that two remaining sizes share: the smaller, if it divides the larger. */
function commonPart(a: Dim, b: Dim): Dim | undefined {
  if (dimsEqual(a, b)) return a;
  if (divideDims(a, b) !== undefined) return b;
  if (divideDims(b, a) !== undefined) return a;
  return undefined;
}

/**
 * The splits that let `factors` be cut into consecutive runs whose products are `dims`, or undefined if they cannot.
 * This is what a reshape does to the axes of a tensor.
 */
export function splitsForShape(factors: readonly Factor[], dims: readonly Dim[]): Splits | undefined {
  const target = dims.filter((dim) => !dimsEqual(dim, 1)).map((dim) => new Factor(dim));
  return refine(factors, target)?.a;
}

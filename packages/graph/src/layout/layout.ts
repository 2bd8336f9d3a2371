import { type Dim, dimsEqual, divideDims, productOf } from '@snp/onnx';
import { Factor, type Splits } from './factor.js';

/**
 * Labels for the positions along some factors of a value: position (i, j, ...) in the row-major space of `factors` bears
 * label `labels[i, j, ...]`. When a label is removed, the slice at that position leaves the value.
 */
export interface Field {
  readonly factors: readonly Factor[];
  readonly labels: Int32Array;
  /** True where the slice of a label is all zeros as soon as the weights that write it are zero. */
  readonly zero: boolean;
  /** True where it is zero only in that a norm's mean, which was subtracted, is taken over what stays. */
  readonly centred?: boolean;
}

/** The axes of a value as products of factors (none for a size of one), and the fields that label them. */
export interface Layout {
  readonly axes: readonly (readonly Factor[])[];
  readonly fields: readonly Field[];
}

/** A layout in which nothing is labelled. */
export function plainLayout(shape: readonly Dim[]): Layout {
  return { axes: shape.map((dim) => (dimsEqual(dim, 1) ? [] : [new Factor(dim)])), fields: [] };
}

/** The size of a field's factor; only factors of known size are ever labelled. */
export function sizesOf(factors: readonly Factor[]): number[] {
  return factors.map((factor) => factor.size as number);
}

/** Fields of `layout` that label any of `factors`. */
export function fieldsOn(layout: Layout, factors: readonly Factor[]): Field[] {
  return layout.fields.filter((field) => field.factors.some((factor) => factors.includes(factor)));
}

/** Two fields label the same factors, in whatever order. */
export function sameFactors(a: Field, b: Field): boolean {
  return a.factors.length === b.factors.length && a.factors.every((factor) => b.factors.includes(factor));
}

/** The new factors for each factor to be split. Make them once where several layouts share factors. */
export function factorsFor(splits: Splits): Map<Factor, Factor[]> {
  return new Map([...splits].map(([factor, sizes]) => [factor, sizes.map((size) => new Factor(size))]));
}

/** The layout with some factors replaced by products of others; labels keep their row-major order. */
export function splitFactors(layout: Layout, parts: ReadonlyMap<Factor, readonly Factor[]>): Layout {
  if (parts.size === 0) return layout;
  const expand = (factors: readonly Factor[]) => factors.flatMap((factor) => parts.get(factor) ?? [factor]);
  return {
    axes: layout.axes.map(expand),
    fields: layout.fields.map((field) => ({ ...field, factors: expand(field.factors) })),
  };
}

/** The layout with factors exchanged one for one by others of the same size. */
export function substituteFactors(layout: Layout, by: ReadonlyMap<Factor, Factor>): Layout {
  const swap = (factors: readonly Factor[]) => factors.map((factor) => by.get(factor) ?? factor);
  return {
    axes: layout.axes.map(swap),
    fields: layout.fields.map((field) => ({ ...field, factors: swap(field.factors) })),
  };
}

/**
 * The layout with axis `axis` as a single factor, or undefined if a field labels only some of its factors or in another
 * order, so that positions along the whole axis have no labels of their own.
 */
export function flattenAxis(layout: Layout, axis: number): Layout | undefined {
  const run = layout.axes[axis];
  if (run.length <= 1) return layout;
  const whole = new Factor(productOf(run.map((factor) => factor.size)));
  const fields: Field[] = [];
  for (const field of layout.fields) {
    const touched = field.factors.filter((factor) => run.includes(factor));
    if (touched.length === 0) {
      fields.push(field);
      continue;
    }
    const at = field.factors.indexOf(run[0]);
    const ordered = touched.length === run.length && run.every((factor, i) => field.factors[at + i] === factor);
    if (!ordered) return undefined;
    fields.push({ ...field, factors: field.factors.toSpliced(at, run.length, whole) });
  }
  return { axes: layout.axes.with(axis, [whole]), fields };
}

/** The layout with its axes in another order; fields do not depend on the order of axes. */
export function transposeLayout(layout: Layout, perm: readonly number[]): Layout {
  return { axes: perm.map((axis) => layout.axes[axis]), fields: layout.fields };
}

/** The layout under another shape, or undefined if the factors cannot be cut into axes of these sizes. */
export function groupIntoAxes(layout: Layout, shape: readonly Dim[]): Layout | undefined {
  const factors = layout.axes.flat();
  const axes: Factor[][] = [];
  let next = 0;
  for (const dim of shape) {
    const axis: Factor[] = [];
    let rest: Dim = dim;
    while (!dimsEqual(rest, 1)) {
      const factor = factors[next];
      const quotient: Dim | undefined = factor && divideDims(rest, factor.size);
      if (quotient === undefined) return undefined;
      axis.push(factor);
      rest = quotient;
      next++;
    }
    axes.push(axis);
  }
  return next === factors.length ? { axes, fields: layout.fields } : undefined;
}

/** Calls `visit` with the row-major offset of every position of `outer` and of the same position in the subset `inner`. */
export function eachPosition(
  outer: readonly Factor[],
  inner: readonly Factor[],
  visit: (outerAt: number, innerAt: number) => void,
): void {
  const sizes = sizesOf(outer);
  const strides = outer.map((factor) => strideOf(inner, factor));
  const total = sizes.reduce((product, size) => product * size, 1);
  const index = new Array<number>(sizes.length).fill(0);
  let innerAt = 0;
  for (let outerAt = 0; outerAt < total; outerAt++) {
    visit(outerAt, innerAt);
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      index[axis]++;
      innerAt += strides[axis];
      if (index[axis] < sizes[axis]) break;
      innerAt -= strides[axis] * sizes[axis];
      index[axis] = 0;
    }
  }
}

/** Row-major stride of `factor` within `factors`; zero if it is not among them. */
export function strideOf(factors: readonly Factor[], factor: Factor): number {
  const at = factors.indexOf(factor);
  if (at < 0) return 0;
  return sizesOf(factors.slice(at + 1)).reduce((product, size) => product * size, 1);
}

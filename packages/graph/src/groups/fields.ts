import type { LabelStore } from '../labels/labelStore.js';
import type { Factor } from '../layout/factor.js';
import { type Field, sizesOf, strideOf } from '../layout/layout.js';

/**
 * The factor of a field that shrinks when labels leave: the innermost along which the labels differ. The others count
 * heads, or positions that a label owns together.
 */
export function shrinkingFactor(field: Field, labels: LabelStore): Factor | undefined {
  return field.factors.findLast((factor) => labelsDifferAlong(field, factor, labels));
}

/** True if positions along `factor` bear labels of different classes. */
export function labelsDifferAlong(field: Field, factor: Factor, labels: LabelStore): boolean {
  if (!field.factors.includes(factor)) return false;
  const size = factor.size as number;
  const inner = strideOf(field.factors, factor);
  for (let at = 0; at < field.labels.length; at++) {
    const position = Math.floor(at / inner) % size;
    if (position > 0 && labels.find(field.labels[at]) !== labels.find(field.labels[at - position * inner])) return true;
  }
  return false;
}

/** The labels of a field as rows, one per combination of its other factors, along its shrinking factor. */
export function rowsOf(field: Field, shrinking: Factor): Int32Array[] {
  const sizes = sizesOf(field.factors);
  const at = field.factors.indexOf(shrinking);
  const inner = sizes.slice(at + 1).reduce((product, size) => product * size, 1);
  const outer = sizes.slice(0, at).reduce((product, size) => product * size, 1);
  const rows: Int32Array[] = [];
  for (let block = 0; block < outer; block++) {
    for (let k = 0; k < inner; k++) {
      rows.push(Int32Array.from({ length: sizes[at] }, (_, i) => field.labels[(block * sizes[at] + i) * inner + k]));
    }
  }
  return rows;
}

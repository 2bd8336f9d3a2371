import { STACKED, type Weight } from './weight.js';

/** A part of a stored tensor that leaves: positions along one axis. */
export interface StoredSlice {
  readonly initializer: string;
  readonly axis: number;
  readonly indices: readonly number[];
}

/** Endings of the names of weights that are parts or multiples of another. */
const DERIVED = /\.(half|quarter|less|left|right|all|\d)$/;

/**
 * What leaves a model with slices of its stored tensors: the units at those positions; or, where nothing of a tensor
 * stays, the weight itself, since the units that it reads or writes need not leave with it.
 */
export function removalOf(slices: readonly StoredSlice[], stored: ReadonlyMap<string, Weight>): Set<string> {
  const removed = new Set<string>();
  for (const { initializer, axis, indices } of slices) {
    const weight = stored.get(initializer);
    if (!weight) continue;
    const whole = indices.length === weight.axes[axis].length;
    const names = whole ? weight.name.split(STACKED) : [];
    for (const name of names.flatMap((own) => [own, own.replace(DERIVED, '')])) removed.add(name);
    if (whole) continue;
    for (const index of indices) for (const unit of weight.axes[axis][index]) removed.add(unit);
  }
  return removed;
}

import type { Value } from '@snp/onnx';
import { either, type Gone, partAlong } from './gone/part.js';

/** Which positions of which constants were set to zero. */
export class RemovedPositions {
  readonly #of = new Map<Value, Map<number, Set<number>>>();

  add(value: Value, axis: number, indices: readonly number[]): void {
    const axes = this.#of.get(value) ?? new Map<number, Set<number>>();
    axes.set(axis, new Set([...(axes.get(axis) ?? []), ...indices]));
    this.#of.set(value, axes);
  }

  /** A copy of a constant has lost the same. */
  copy(from: Value, to: Value): void {
    for (const [axis, indices] of this.#of.get(from) ?? []) this.add(to, axis, [...indices]);
  }

  /** What was set to zero of a constant. */
  partsOf(value: Value): Gone {
    const dims = value.tensor?.dims ?? [];
    return either(
      [...(this.#of.get(value) ?? [])].map(([axis, indices]) => partAlong(axis - dims.length, dims[axis], indices)),
    );
  }
}

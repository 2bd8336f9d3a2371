import { storedConstant, type Value } from '@snp/onnx';

/** Positions along one axis that are gone. */
export interface Removed {
  /** Counted from the last one: -1 is the last. */
  axis: number;
  size: number;
  indices: ReadonlySet<number>;
}

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

  /** What is gone along an axis of a constant; undefined where nothing or everything is. */
  along(value: Value, axis: number): Removed | undefined {
    const stored = storedConstant(value);
    const dims = stored?.tensor?.dims ?? [];
    const indices = stored && this.#of.get(stored)?.get(axis);
    if (!indices || indices.size === 0 || indices.size === dims[axis]) return undefined;
    return { axis: axis - dims.length, size: dims[axis], indices };
  }

  /** What is gone from a vector (or what a Cast makes of one), whatever axes of length 1 it has beside. */
  ofVector(value: Value): Removed | undefined {
    const dims = storedConstant(value)?.tensor?.dims ?? [];
    const long = dims.flatMap((dim, axis) => (dim > 1 ? [axis] : []));
    return long.length === 1 ? this.along(value, long[0]) : undefined;
  }

  /**
   * Channels that are gone from a result of a norm: those that what scales it or reads it has lost.
   *
   * @param rank Number of axes of the result, if it is known.
   */
  behind(value: Value, rank: number | undefined, steps = 10): Removed | undefined {
    if (steps === 0) return undefined;
    for (const { node, index } of value.uses) {
      const other = node.inputs[1 - index];
      if (node.op === 'Mul' && other) {
        const own = this.ofVector(other);
        if (own) return own;
      }
      const weight = index === 0 ? node.inputs[1] : undefined;
      const along = storedConstant(weight) && this.#readers(node.op, weight!, node.int('transB', 0), rank);
      if (along) return along;
    }
    for (const { node, index } of value.uses) {
      const passes = ['Mul', 'Add', 'Sub', 'Cast', 'Identity'].includes(node.op) || (node.op === 'Div' && index === 0);
      if (!passes || !node.outputs[0]) continue;
      const found = this.behind(node.outputs[0], rank, steps - 1);
      if (found) return found;
    }
    return undefined;
  }

  #readers(op: string, weight: Value, transB: number, rank: number | undefined): Removed | undefined {
    const { dims } = storedConstant(weight)!.tensor!;
    if (op === 'MatMul' && dims.length > 1) return last(this.along(weight, dims.length - 2));
    if (op === 'Gemm') return last(this.along(weight, transB === 1 ? 1 : 0));
    if (op !== 'Conv' || rank === undefined) return undefined;
    const found = this.along(weight, 1);
    return found && { ...found, axis: 1 - rank };
  }
}

const last = (removed: Removed | undefined) => removed && { ...removed, axis: -1 };

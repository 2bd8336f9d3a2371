/** Distances between neighbours along each axis of a row-major tensor. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length);
  let step = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= dims[axis];
  }
  return strides;
}

/**
 * Where each element of a strided view lies in the tensor it views: row-major over `dims`, element (i, j, ...) at
 * `offset + i*strides[0] + j*strides[1] + ...`. Transpose, Slice, Expand and Split are such views.
 */
export function viewPositions(dims: readonly number[], strides: readonly number[], offset = 0): Int32Array {
  let positions = Int32Array.of(offset);
  for (const [axis, length] of dims.entries()) {
    const next = new Int32Array(positions.length * length);
    let at = 0;
    for (const position of positions) {
      for (let i = 0; i < length; i++) next[at++] = position + i * strides[axis];
    }
    positions = next;
  }
  return positions;
}

/** Where each element of `dims`, after broadcasting from `from`, lies in `from`. Ranks are aligned at the end. */
export function broadcastPositions(from: readonly number[], dims: readonly number[]): Int32Array {
  const own = stridesOf(from);
  const lead = dims.length - from.length;
  const strides = dims.map((_, axis) => (axis < lead || from[axis - lead] === 1 ? 0 : own[axis - lead]));
  return viewPositions(dims, strides);
}

/** The elements of `content` at `positions`. */
export function pick<T>(content: readonly T[], positions: Int32Array): T[] {
  return Array.from(positions, (position) => content[position]);
}

import { type Dim, dimsEqual } from '@snp/onnx';

/**
 * Positions of a value that are gone, told along some of its axes: 1 where they are. Broadcasts to the value from the right: an axis of size 1 has no say.
 * Along an axis of free size it has as many positions as stand for it.
 */
export interface Part {
  readonly dims: readonly number[];
  readonly gone: Uint8Array;
}

/** What is gone of a value: the positions of any of the parts, of which no two tell of the same axes. */
export type Gone = readonly Part[];

const sizeOf = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1);

/** Larger parts are not looked at: they tell of more than widths. */
const LARGEST = 2 ** 22;

/** Positions along one axis, counted from the last (-1). */
export function partAlong(axis: number, size: number, indices: Iterable<number>): Part {
  const gone = new Uint8Array(size);
  for (const index of indices) gone[index] = 1;
  return { dims: [size, ...new Array<number>(-axis - 1).fill(1)], gone };
}

/** A part for a value of some rank: as many axes, those without a say in front. */
export function padded({ dims, gone }: Part, rank: number): Part {
  return { dims: [...new Array<number>(Math.max(0, rank - dims.length)).fill(1), ...dims], gone };
}

/** What a part says, spread over other sizes that it broadcasts to. */
export function spread(part: Part, dims: readonly number[]): Uint8Array {
  const { dims: own, gone } = padded(part, dims.length);
  const strides = own.map((dim, axis) => (dim === 1 ? 0 : sizeOf(own.slice(axis + 1))));
  return Uint8Array.from({ length: sizeOf(dims) }, (_, at) => {
    let [rest, from] = [at, 0];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      from += (rest % dims[axis]) * strides[axis];
      rest = Math.floor(rest / dims[axis]);
    }
    return gone[from];
  });
}

function combined(a: Part, b: Part, of: (a: number, b: number) => number): Part | undefined {
  const rank = Math.max(a.dims.length, b.dims.length);
  const [left, right] = [padded(a, rank).dims, padded(b, rank).dims];
  const dims = left.map((dim, axis) => Math.max(dim, right[axis]));
  if (sizeOf(dims) > LARGEST || dims.some((dim, axis) => left[axis] !== dim && left[axis] !== 1)) return undefined;
  if (dims.some((dim, axis) => right[axis] !== dim && right[axis] !== 1)) return undefined;
  const [x, y] = [spread(a, dims), spread(b, dims)];
  return { dims, gone: x.map((own, at) => of(own, y[at])) };
}

/** Gone in either. */
export function either(...values: readonly Gone[]): Gone {
  const merged = new Map<string, Part>();
  for (const part of values.flat()) {
    if (!part.gone.includes(1)) continue;
    const trimmed = trim(part);
    const key = trimmed.dims.join();
    const known = merged.get(key);
    merged.set(key, known ? combined(known, trimmed, Math.max)! : trimmed);
  }
  return [...merged.values()];
}

/** Gone in both. */
export function both(a: Gone, b: Gone): Gone {
  return either(a.flatMap((own) => b.flatMap((other) => combined(own, other, Math.min) ?? [])));
}

/** Without axes in front that have no say. */
function trim({ dims, gone }: Part): Part {
  const first = dims.findIndex((dim) => dim > 1);
  return first > 0 ? { dims: dims.slice(first), gone } : { dims, gone };
}

/** What is gone once axes take another order. */
export function transposed(gone: Gone, perm: readonly number[]): Gone {
  return either(
    gone.map((part) => {
      const own = padded(part, perm.length);
      const dims = perm.map((axis) => own.dims[axis]);
      const strides = own.dims.map((_, axis) => sizeOf(own.dims.slice(axis + 1)));
      const numbers = new Uint8Array(own.gone.length);
      for (let at = 0; at < numbers.length; at++) {
        let [rest, from] = [at, 0];
        for (let axis = dims.length - 1; axis >= 0; axis--) {
          from += (rest % dims[axis]) * strides[perm[axis]];
          rest = Math.floor(rest / dims[axis]);
        }
        numbers[at] = own.gone[from];
      }
      return { dims, gone: numbers };
    }),
  );
}

/**
 * What is gone once a value has another shape.
 *
 * @param sizeFor How many positions stand for an axis, also for one of free size.
 */
export function reshaped(gone: Gone, from: readonly Dim[], to: readonly Dim[], sizeFor: (dim: Dim) => number): Gone {
  const runs = runsOf(from, to);
  return either(
    gone.flatMap((part) => {
      let whole = padded(part, from.length);
      const dims: number[] = [];
      for (const { before, after } of runs) {
        if (whole.dims.slice(...before).every((dim) => dim === 1)) {
          dims.push(...new Array<number>(after[1] - after[0]).fill(1));
          continue;
        }
        const full = whole.dims.map((dim, axis) => (axis >= before[0] && axis < before[1] ? sizeFor(from[axis]) : dim));
        const sizes = to.slice(...after).map(sizeFor);
        if (sizeOf(sizes) !== sizeOf(full.slice(...before)) || !(sizeOf(full) <= LARGEST)) return [];
        whole = { dims: full, gone: spread(whole, full) };
        dims.push(...sizes);
      }
      return [withoutIdle({ dims, gone: whole.gone }, to)];
    }),
  );
}

/** Without a say for axes of free size along which all positions are alike, as those that were in one axis with others before. */
function withoutIdle(part: Part, shape: readonly Dim[]): Part {
  return shape.reduce<Part>((own, size, axis) => {
    if (typeof size === 'number' || own.dims[axis] === 1) return own;
    const inner = sizeOf(own.dims.slice(axis + 1));
    const stride = inner * own.dims[axis];
    const alike = own.gone.every((gone, at) => gone === own.gone[at - (at % stride) + (at % inner)]);
    const first = own.gone.filter((_, at) => at % stride < inner);
    return alike ? { dims: own.dims.with(axis, 1), gone: first } : own;
  }, part);
}

/** Axes before and after that hold the same positions, as ranges. */
interface RunOfAxes {
  before: [number, number];
  after: [number, number];
}

function runsOf(from: readonly Dim[], to: readonly Dim[]): RunOfAxes[] {
  const front: RunOfAxes[] = [];
  for (let at = 0; at < Math.min(from.length, to.length) && dimsEqual(from[at], to[at]); at++)
    front.push({ before: [at, at + 1], after: [at, at + 1] });
  const start = front.length;
  const runs: RunOfAxes[] = [];
  let [i, j] = [from.length, to.length];
  while (i > start || j > start) {
    const [y, z] = [i, j];
    if (i > start && j > start && dimsEqual(from[i - 1], to[j - 1])) [i, j] = [i - 1, j - 1];
    else if (i > start && dimsEqual(from[i - 1], 1)) i--;
    else if (j > start && dimsEqual(to[j - 1], 1)) j--;
    else {
      let [left, right] = [1, 1];
      do {
        const first = left <= right;
        const dim: Dim | undefined = first ? from.slice(start, i).at(-1) : to.slice(start, j).at(-1);
        if (first) i--;
        else j--;
        if (typeof dim !== 'number') return [...front, { before: [start, y], after: [start, z] }, ...runs];
        if (first) left *= dim;
        else right *= dim;
      } while (left !== right);
    }
    runs.unshift({ before: [i, y], after: [j, z] });
  }
  return [...front, ...runs];
}

/** Without parts that tell of axes of free size: where such an axis holds another one, no constant says where along it. */
export function ofFixedAxes(gone: Gone, shape: readonly Dim[]): Gone {
  return gone.filter((part) =>
    padded(part, shape.length).dims.every((dim, axis) => dim === 1 || typeof shape[axis] === 'number'),
  );
}

/** What is gone once positions of an axis, counted from the front, are picked; undefined: some that are not known. */
export function taken(gone: Gone, rank: number, axis: number, positions: readonly number[] | undefined): Gone {
  return either(
    gone.flatMap((part) => {
      const own = padded(part, rank);
      const size = own.dims[axis];
      if (size === 1) return [own];
      if (!positions) return [];
      const inner = sizeOf(own.dims.slice(axis + 1));
      const outer = sizeOf(own.dims.slice(0, axis));
      const picked = Array.from({ length: outer }, (_, block) =>
        positions.flatMap((position) => {
          const from = (block * size + (position < 0 ? position + size : position)) * inner;
          return [...own.gone.subarray(from, from + inner)];
        }),
      );
      return [{ dims: own.dims.with(axis, positions.length), gone: Uint8Array.from(picked.flat()) }];
    }),
  );
}

/** The positions that a Slice picks from an axis. */
export function stretch(start: number, end: number, step: number, size: number): number[] {
  const within = (bound: number, low: number, high: number) =>
    Math.min(Math.max(bound < 0 ? bound + size : bound, low), high);
  const [first, last] =
    step > 0 ? [within(start, 0, size), within(end, 0, size)] : [within(start, 0, size - 1), within(end, -1, size - 1)];
  const positions: number[] = [];
  for (let at = first; step > 0 ? at < last : at > last; at += step) positions.push(at);
  return positions;
}

import { normals, random } from '../random.js';

/** Between the names of weights that are stacked. */
export const STACKED = '+';

/** Names of the units that lie at each position of an axis; empty where a position belongs to none. */
export type AxisUnits = readonly (readonly string[])[];

/** Units of one width of a model: `x:0`, `x:1`, ... */
export function unitsOf(width: string, size: number): AxisUnits {
  return Array.from({ length: size }, (_, at) => [`${width}:${at}`]);
}

/** An axis of `size` positions that are nobody's units. */
export function plainAxis(size: number): AxisUnits {
  return Array.from({ length: size }, () => []);
}

/**
 * A weight in one arrangement, which knows the unit that each position of each axis belongs to. Every spelling stores
 * arrangements of the same weights, so that what leaves any stored tensor can be told of the weight itself.
 */
export class Weight {
  constructor(
    readonly name: string,
    readonly axes: readonly AxisUnits[],
    readonly data: Float64Array,
  ) {}

  get dims(): number[] {
    return this.axes.map(({ length }) => length);
  }

  /** Normals of a deviation and mean that float16 can hold, so that a weight may be stored in any type. */
  static drawn(seed: number, name: string, axes: readonly AxisUnits[], deviation: number, mean = 0): Weight {
    const size = axes.reduce((product, { length }) => product * length, 1);
    const data = Float64Array.from(normals(random(seed, name), size, deviation, mean), shortened);
    return new Weight(name, axes, data);
  }

  transpose(perm: readonly number[]): Weight {
    const { dims } = this;
    const axes = perm.map((axis) => this.axes[axis]);
    const strides = stridesOf(dims);
    const made = axes.map(({ length }) => length);
    const data = Float64Array.from(this.data, (_, at) => {
      const place = positionOf(at, made);
      return this.data[place.reduce((sum, index, axis) => sum + index * strides[perm[axis]], 0)];
    });
    return new Weight(this.name, axes, data);
  }

  /** One axis as two of the given sizes. */
  split(axis: number, [outer, inner]: readonly [number, number]): Weight {
    const units = this.axes[axis];
    const [outerUnits, innerUnits] = [
      Array.from({ length: outer }, (_, i) => units.slice(i * inner, (i + 1) * inner).flat()),
      Array.from({ length: inner }, (_, j) => units.filter((_, at) => at % inner === j).flat()),
    ];
    return new Weight(this.name, this.axes.toSpliced(axis, 1, outerUnits, innerUnits), this.data);
  }

  /** Axes that follow one another as one, of `count` from `axis` on: a position has the units that all of them have there. */
  merge(axis: number, count: number): Weight {
    const merged = this.axes
      .slice(axis, axis + count)
      .reduce((outer, inner) =>
        outer.flatMap((names) =>
          inner.map((own) =>
            names.length === 0 || own.length === 0 ? [...names, ...own] : names.filter((name) => own.includes(name)),
          ),
        ),
      );
    return new Weight(this.name, this.axes.toSpliced(axis, count, merged), this.data);
  }

  /** With further axes of size 1. */
  expand(...at: readonly number[]): Weight {
    const axes = [...this.axes];
    for (const axis of at) axes.splice(axis, 0, [[]]);
    return new Weight(this.name, axes, this.data);
  }

  /** The positions `indices` of one axis, in that order. */
  take(axis: number, indices: readonly number[]): Weight {
    const { dims } = this;
    const strides = stridesOf(dims);
    const axes = this.axes.with(
      axis,
      indices.map((index) => this.axes[axis][index]),
    );
    const made = dims.with(axis, indices.length);
    const size = made.reduce((product, dim) => product * dim, 1);
    const data = Float64Array.from({ length: size }, (_, at) => {
      const place = positionOf(at, made);
      place[axis] = indices[place[axis]];
      return this.data[place.reduce((sum, index, each) => sum + index * strides[each], 0)];
    });
    return new Weight(this.name, axes, data);
  }

  /** With every number changed. */
  map(name: string, change: (number: number) => number): Weight {
    return new Weight(name, this.axes, this.data.map(change));
  }

  /** Zero wherever all units of a position have left, and everywhere if the weight itself has. */
  without(removed: ReadonlySet<string>): Weight {
    if (removed.has(this.name)) return this.map(this.name, () => 0);
    const { dims } = this;
    const gone = this.axes.map((units) => units.map((names) => isGone(names, removed)));
    const data = this.data.map((number, at) =>
      positionOf(at, dims).some((index, axis) => gone[axis][index]) ? 0 : number,
    );
    return new Weight(this.name, this.axes, data);
  }

  /** Weights of the same dims along a new axis in front, under all their names; a position belongs to the units of all of them. */
  static stack(weights: readonly Weight[]): Weight {
    const axes = weights[0].axes.map((axis, at) =>
      axis.map((_, index) => weights.flatMap((weight) => weight.axes[at][index])),
    );
    const data = Float64Array.from(weights.flatMap((weight) => [...weight.data]));
    const name = weights.map((weight) => weight.name).join(STACKED);
    return new Weight(name, [plainAxis(weights.length), ...axes], data);
  }

  /** Weights side by side along an axis. */
  static join(name: string, weights: readonly Weight[], axis: number): Weight {
    const [first] = weights;
    const axes = first.axes.with(
      axis,
      weights.flatMap((weight) => weight.axes[axis]),
    );
    const inner = (weight: Weight) => weight.dims.slice(axis).reduce((product, dim) => product * dim, 1);
    const rows = first.dims.slice(0, axis).reduce((product, dim) => product * dim, 1);
    const data = Array.from({ length: rows }, (_, row) =>
      weights.flatMap((weight) => [...weight.data.subarray(row * inner(weight), (row + 1) * inner(weight))]),
    );
    return new Weight(name, axes, Float64Array.from(data.flat()));
  }
}

/** Whether a position's units, if it has any, have all left. */
export function isGone(names: readonly string[], removed: ReadonlySet<string>): boolean {
  return names.length > 0 && names.every((name) => removed.has(name));
}

/** Eight bits of mantissa: exact in float16 and in bfloat16. */
export function shortened(number: number): number {
  if (number === 0) return 0;
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(number))) - 7);
  return Math.abs(number) < 2 ** -10 ? 0 : Math.round(number / unit) * unit;
}

function stridesOf(dims: readonly number[]): number[] {
  return dims.map((_, axis) => dims.slice(axis + 1).reduce((product, dim) => product * dim, 1));
}

function positionOf(at: number, dims: readonly number[]): number[] {
  const place = new Array<number>(dims.length);
  let rest = at;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    place[axis] = rest % dims[axis];
    rest = Math.floor(rest / dims[axis]);
  }
  return place;
}

import ndarray, { type NdArray } from 'ndarray';
import { SnpError } from '../errors.js';
import { bitsPerElement, type DataType } from './dataType.js';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from './halfFloat.js';

/** Where a tensor's bytes lie: in memory, or behind a function that fetches them (external data, typed proto fields). */
export type TensorSource = Uint8Array | (() => Uint8Array);

/** Typed arrays a tensor can be viewed as without conversion. */
export type TensorArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>;

const ARRAYS = {
  FLOAT: Float32Array,
  DOUBLE: Float64Array,
  INT8: Int8Array,
  UINT8: Uint8Array,
  BOOL: Uint8Array,
  INT16: Int16Array,
  UINT16: Uint16Array,
  FLOAT16: Uint16Array,
  BFLOAT16: Uint16Array,
  INT32: Int32Array,
  UINT32: Uint32Array,
  INT64: BigInt64Array,
  UINT64: BigUint64Array,
} as const;

/**
 * An immutable constant: element type, dimensions, and little-endian bytes in row-major order. Strings have no bytes;
 * they live in `strings`.
 */
export class Tensor {
  /** The `TensorProto` this tensor was read from: doc string, external-data entries, unknown fields. */
  proto: object | undefined;
  #source: TensorSource;

  constructor(
    readonly dataType: DataType,
    readonly dims: readonly number[],
    source: TensorSource,
    readonly strings?: readonly Uint8Array[],
  ) {
    this.#source = source;
  }

  /** A FLOAT tensor over `data` (not copied). */
  static float32(dims: readonly number[], data: Float32Array | readonly number[]): Tensor {
    return Tensor.of('FLOAT', dims, data instanceof Float32Array ? data : Float32Array.from(data));
  }

  /** An INT64 tensor. */
  static int64(dims: readonly number[], data: readonly (number | bigint)[]): Tensor {
    return Tensor.of(
      'INT64',
      dims,
      BigInt64Array.from(data, (item) => BigInt(item)),
    );
  }

  /** A tensor of `dataType` over a typed array that already has that type's layout. */
  static of(dataType: DataType, dims: readonly number[], array: TensorArray): Tensor {
    const tensor = new Tensor(dataType, [...dims], new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    if (array.length !== tensor.size) {
      throw new SnpError(
        'invalid-argument',
        `A tensor of shape [${dims}] holds ${tensor.size} elements, not ${array.length}.`,
      );
    }
    return tensor;
  }

  /** A tensor of a floating-point type, converted from numbers. */
  static fromNumbers(dataType: DataType, dims: readonly number[], data: ArrayLike<number>): Tensor {
    switch (dataType) {
      case 'FLOAT':
        return Tensor.of(dataType, dims, data instanceof Float32Array ? data : Float32Array.from(data));
      case 'DOUBLE':
        return Tensor.of(dataType, dims, Float64Array.from(data));
      case 'FLOAT16':
        return Tensor.of(dataType, dims, toFloat16(data));
      case 'BFLOAT16':
        return Tensor.of(dataType, dims, toBfloat16(data));
      default:
        throw new SnpError('unsupported', `Numbers cannot be written as a tensor of type ${dataType}.`);
    }
  }

  /** Number of elements. */
  get size(): number {
    return this.dims.reduce((product, dim) => product * dim, 1);
  }

  /** Bytes the content takes in `raw_data` form. */
  get byteLength(): number {
    const bits = bitsPerElement(this.dataType);
    if (bits === undefined) return (this.strings ?? []).reduce((sum, item) => sum + item.length, 0);
    return Math.ceil((this.size * bits) / 8);
  }

  /** The content, fetched now if it lies in a file. Not kept, so that large models do not pile up in memory. */
  bytes(): Uint8Array {
    return typeof this.#source === 'function' ? this.#source() : this.#source;
  }

  /** The content as a typed array (float16 and bfloat16 as their bit patterns); copied only where alignment asks for it. */
  array(): TensorArray {
    const Type = ARRAYS[this.dataType as keyof typeof ARRAYS];
    if (!Type) throw new SnpError('unsupported', `A tensor of type ${this.dataType} has no typed-array form.`);
    let bytes = this.bytes();
    if (bytes.byteOffset % Type.BYTES_PER_ELEMENT !== 0) bytes = new Uint8Array(bytes);
    return new Type(bytes.buffer as ArrayBuffer, bytes.byteOffset, this.size);
  }

  /** The content as an ndarray view (views only: use it to look and to index, not as a kernel). */
  ndarray(): NdArray<TensorArray> {
    return ndarray(this.array(), [...this.dims]) as NdArray<TensorArray>;
  }

  /** The content as numbers, whatever the element type. INT64 beyond 2^53 loses precision: use `array()` for those. */
  numbers(): Float32Array | Float64Array | number[] {
    const array = this.array();
    if (this.dataType === 'FLOAT16') return fromFloat16(array as Uint16Array);
    if (this.dataType === 'BFLOAT16') return fromBfloat16(array as Uint16Array);
    if (array instanceof Float32Array || array instanceof Float64Array) return array;
    return Array.from(array as ArrayLike<number | bigint>, Number);
  }

  /** The same content under other dimensions, of as many elements. */
  reshape(dims: readonly number[]): Tensor {
    return new Tensor(this.dataType, dims, () => this.bytes(), this.strings);
  }

  /** The tensor with its axes in another order. What lies in a file is fetched and moved when it is asked for, each time. */
  transpose(perm: readonly number[]): Tensor {
    const turned = () => {
      const array = transposed(this.array(), this.dims, perm);
      return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    };
    return new Tensor(
      this.dataType,
      perm.map((axis) => this.dims[axis]),
      typeof this.#source === 'function' ? turned : turned(),
    );
  }

  /** The tensor with only `indices` left along `axis`, in that order. What lies in a file is fetched and cut when it is asked for, each time. */
  take(axis: number, indices: ArrayLike<number>): Tensor {
    const bits = bitsPerElement(this.dataType);
    if (bits === undefined || bits % 8 !== 0) {
      throw new SnpError(
        'unsupported',
        `A tensor of type ${this.dataType} cannot be sliced: its elements are not whole bytes.`,
      );
    }
    const outer = this.dims.slice(0, axis).reduce((product, dim) => product * dim, 1);
    const row = (this.dims.slice(axis + 1).reduce((product, dim) => product * dim, 1) * bits) / 8;
    const length = this.dims[axis];
    const kept = Int32Array.from(indices);
    const cut = () => {
      const taken = new Uint8Array(outer * kept.length * row);
      const take = row >= LONG_ROW ? takeRows : takeElements;
      take(this.bytes(), taken, { outer, length, row, indices: kept });
      return taken;
    };
    return new Tensor(
      this.dataType,
      this.dims.with(axis, kept.length),
      typeof this.#source === 'function' ? cut : cut(),
    );
  }
}

function transposed(from: TensorArray, dims: readonly number[], perm: readonly number[]): TensorArray {
  const sizes = perm.map((axis) => dims[axis]);
  const strides = perm.map((axis) => dims.slice(axis + 1).reduce((product, size) => product * size, 1));
  const to = from.slice() as TensorArray;
  const index = sizes.map(() => 0);
  for (let at = 0, source = 0; at < to.length; at++) {
    to[at] = from[source];
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      source += strides[axis];
      if (++index[axis] < sizes[axis]) break;
      source -= strides[axis] * sizes[axis];
      index[axis] = 0;
    }
  }
  return to;
}

/** Rows of this many bytes are copied as a whole; shorter ones element by element, since each copy costs a call. */
const LONG_ROW = 256;

interface Taking {
  /** How many times `length` rows of `row` bytes follow one another. */
  outer: number;
  length: number;
  row: number;
  indices: ArrayLike<number>;
}

function takeRows(from: Uint8Array, to: Uint8Array, { outer, length, row, indices }: Taking): void {
  for (let block = 0, at = 0; block < outer; block++) {
    for (let i = 0; i < indices.length; i++, at += row) {
      const start = (block * length + indices[i]) * row;
      to.set(from.subarray(start, start + row), at);
    }
  }
}

function takeElements(from: Uint8Array, to: Uint8Array, { outer, length, row, indices }: Taking): void {
  const Words = row % 4 === 0 ? Uint32Array : row % 2 === 0 ? Uint16Array : Uint8Array;
  const size = Words.BYTES_PER_ELEMENT;
  const aligned = from.byteOffset % size === 0 ? from : new Uint8Array(from);
  const source = new Words(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / size);
  const target = new Words(to.buffer as ArrayBuffer, to.byteOffset, to.byteLength / size);
  const words = row / size;
  for (let block = 0, at = 0; block < outer; block++) {
    for (let i = 0; i < indices.length; i++) {
      const start = (block * length + indices[i]) * words;
      for (let k = 0; k < words; k++) target[at++] = source[start + k];
    }
  }
}

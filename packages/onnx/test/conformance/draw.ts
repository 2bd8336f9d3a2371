import { type AttributeInit, type DataType, Tensor } from '../../src/index.js';
import { generator } from '../support/answers.js';

/** An input of an operator under test: its type and shape, and what it holds if the operator needs it constant or within bounds. */
export interface Operand {
  type: DataType;
  dims: number[];
  /** Numbers it holds; default: random ones. */
  data?: readonly number[];
  /** Whole numbers stay below this. */
  bound?: number;
  /** Always an initializer: its content decides the shape of the output. */
  constant?: boolean;
}

/** One operator as it may stand in a model. */
export interface Instance {
  op: string;
  opset: number;
  domain?: string;
  inputs: (Operand | undefined)[];
  attributes?: Record<string, AttributeInit | undefined>;
  outputs?: number;
  /** The smallest size of a dimension for which the operator is defined; default 1. */
  least?: number;
}

/** Random choices, the same for the same seed. */
export class Draw {
  readonly next: () => number;

  constructor(seed: number) {
    this.next = generator(seed);
  }

  /** A whole number from `low` to `high`. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.int(0, items.length - 1)];
  }

  chance(probability = 0.5): boolean {
    return this.next() < probability;
  }

  list<T>(length: number, item: (index: number) => T): T[] {
    return Array.from({ length }, (_, index) => item(index));
  }

  /** A shape of a rank from `low` to `high`; sizes 1 to `most`, 1 often. */
  dims(low = 0, high = 5, most = 4): number[] {
    return this.list(this.int(low, high), () => (this.chance(0.2) ? 1 : this.int(1, most)));
  }

  /** An axis of a tensor of this rank, from either end. */
  axis(rank: number): number {
    return this.int(-rank, rank - 1);
  }

  /** Distinct axes, in any order, from either end. */
  axes(rank: number, least = 0): number[] {
    const all = this.shuffled(Array.from({ length: rank }, (_, axis) => axis));
    return all.slice(0, this.int(Math.min(least, rank), rank)).map((axis) => (this.chance() ? axis : axis - rank));
  }

  shuffled<T>(items: readonly T[]): T[] {
    const rest = [...items];
    return this.list(items.length, () => rest.splice(this.int(0, rest.length - 1), 1)[0]);
  }

  /** A shape that broadcasts to `dims`: some leading axes left out, some sizes 1. */
  broadcastable(dims: readonly number[]): number[] {
    return dims.slice(this.int(0, dims.length)).map((dim) => (this.chance(0.3) ? 1 : dim));
  }

  float(): DataType {
    return this.pick(['FLOAT', 'FLOAT', 'FLOAT16']);
  }

  number(): DataType {
    return this.pick(['FLOAT', 'FLOAT', 'FLOAT16', 'INT32', 'INT64', 'DOUBLE']);
  }

  /** An attribute or nothing, so that the default is met too. */
  maybe(name: string, value: () => AttributeInit, probability = 0.5): Record<string, AttributeInit> {
    return this.chance(probability) ? { [name]: value() } : {};
  }
}

export const operand = (type: DataType, dims: number[], more: Partial<Operand> = {}): Operand => ({
  type,
  dims,
  ...more,
});

/** A constant list of INT64. */
export const listed = (data: readonly number[]): Operand => ({
  type: 'INT64',
  dims: [data.length],
  data,
  constant: true,
});

/** A constant scalar of INT64. */
export const scalar = (item: number): Operand => ({ type: 'INT64', dims: [], data: [item], constant: true });

/** What a tensor of a type holds if these are its numbers. */
export function tensorOf({ type, dims }: Operand, data: readonly number[]): Tensor {
  if (type === 'INT64') return Tensor.int64(dims, data);
  const arrays = {
    INT32: Int32Array,
    INT8: Int8Array,
    UINT8: Uint8Array,
    BOOL: Uint8Array,
    INT16: Int16Array,
  } as const;
  const Integers = arrays[type as keyof typeof arrays];
  return Integers ? Tensor.of(type, dims, Integers.from(data)) : Tensor.fromNumbers(type, dims, data);
}

import {
  type Dim,
  evaluateDim,
  freeNames,
  type Model,
  namesPast,
  type ShapeInfo,
  SnpError,
  symbolsOf,
  Tensor,
  type Value,
} from '@snp/onnx';
import type { Feeds, RuntimeData, RuntimeTensor } from '@snp/runtime';
import { uniformNumbers } from '@snp/score';
import { type FreeSizesOptions, freeSizes, modelInputs } from './freeSizes.js';
import { type InputRole, inputRole } from './inputRole.js';

/** What inputs hold whose meaning the file leaves open. */
export interface Fill {
  /** Of masks: everything counts, nothing does, or the first two thirds of the last axis do. */
  masks: 'all' | 'none' | 'some';
  /** Floating-point numbers: normal ones, or uniform ones between 0 and 1. */
  values: 'normal' | 'unit';
  /** Of flags. */
  switches: boolean;
}

/** An input that would have more elements is not made: no model needs them to be looked at. */
const MOST_ELEMENTS = 2 ** 26;

/** Options of `randomFeeds`. */
export interface RandomFeedsOptions extends FreeSizesOptions {
  seed: number;
  /** Default: masks where everything counts, normal numbers, flags that are set. */
  fill?: Partial<Fill> | undefined;
}

const FILL: Fill = { masks: 'all', values: 'normal', switches: true };

/**
 * Random inputs for a model: normal numbers; for whole numbers, rows that every table they look up has, also behind casts, reshapes and offsets; masks
 * where everything counts; lengths and positions as the sizes of the other inputs have them; ones for other whole numbers.
 *
 * @throws SnpError `unsupported` for an input without a shape or of a type that cannot be made.
 */
export function randomFeeds(model: Model, shapes: ShapeInfo, options: RandomFeedsOptions): Feeds {
  const next = uniformNumbers(options.seed);
  const sizes = freeSizes(model, shapes, options);
  const maker = new Maker({ ...FILL, ...options.fill }, lengthsOf(model, shapes, sizes), next);
  return Object.fromEntries(
    modelInputs(model).map((input) => {
      const shape = shapes.shape(input);
      if (!shape) throw unmade(input, 'has no stated shape');
      const dims = shape.map((dim) => evaluateDim(dim, sizes));
      return [input.name, maker.tensor(input, dims, inputRole(input, shapes))];
    }),
  );
}

interface Lengths {
  past: number;
  new: number;
}

/** How many tokens came before and how many are new, as inputs are shaped. */
function lengthsOf(model: Model, shapes: ShapeInfo, sizes: Readonly<Record<string, number>>): Lengths {
  const inputs = modelInputs(model).map((input) => ({ input, shape: shapes.shape(input) ?? [] }));
  const caches = inputs.filter(({ input, shape }) => namesPast(input.name) && shape.length > 3);
  const { pasts } = freeNames(model.graph, shapes);
  const free = caches
    .flatMap(({ shape }) => shape)
    .find((dim) => symbolsOf(dim).some(({ name }) => pasts.includes(name)));
  const before = free ?? caches[0]?.shape.at(-2);
  const fresh = inputs.find(
    ({ input, shape }) => shape.length > 1 && !namesPast(input.name) && !/mask/i.test(input.name),
  );
  const size = (dim: Dim | undefined, otherwise: number) => (dim === undefined ? otherwise : evaluateDim(dim, sizes));
  // A cache of the longest form is half full.
  const filled = /max/i.test(String(before)) ? 0.5 : 1;
  return { past: Math.floor(filled * size(before, 0)), new: size(fresh?.shape[1], 1) };
}

class Maker {
  constructor(
    private readonly fill: Fill,
    private readonly lengths: Lengths,
    private readonly next: () => number,
  ) {}

  tensor(input: Value, dims: number[], role: InputRole): RuntimeTensor {
    const size = dims.reduce((product, dim) => product * dim, 1);
    if (size > MOST_ELEMENTS)
      throw new SnpError('runtime', `Input '${input.name}' would have ${size} elements.`, { value: input.name });
    const numbers = new Float64Array(size);
    const make = this.#numbers(role, dims);
    for (let at = 0; at < size; at++) numbers[at] = make(at);
    const type = input.type?.elementType ?? 'FLOAT';
    if (type === 'FLOAT') return { type, dims, data: new Float32Array(numbers) };
    if (type === 'FLOAT16' || type === 'DOUBLE')
      return { type, dims, data: Tensor.fromNumbers(type, dims, numbers).array() as RuntimeData };
    if (type === 'INT64') return { type, dims, data: BigInt64Array.from(Array.from(numbers, wholeOf)) };
    if (type === 'UINT64') return { type, dims, data: BigUint64Array.from(Array.from(numbers, wholeOf)) };
    if (type in WHOLE) return { type, dims, data: WHOLE[type as keyof typeof WHOLE].from(numbers) };
    throw unmade(input, `has type ${type}, for which no random numbers are made`);
  }

  /** What makes the element at a place. */
  #numbers(role: InputRole, dims: readonly number[]): (at: number) => number {
    const { next, fill, lengths } = this;
    const last = dims.at(-1) ?? 1;
    switch (role.kind) {
      case 'values':
        return fill.values === 'unit'
          ? next
          : () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
      case 'rows':
        return () => Math.floor(next() * role.rows);
      case 'mask':
        if (fill.masks === 'some') return (at) => (at % last < Math.ceil((2 * last) / 3) ? 1 : 0);
        return () => (fill.masks === 'all' ? 1 : 0);
      case 'positions':
        return (at) => lengths.past + (at % last);
      case 'switch':
        return () => Number(fill.switches);
      case 'length': {
        const own = role.of === 'total' ? lengths.past + lengths.new : lengths[role.of];
        return () => own + role.plus;
      }
      case 'count':
        return () => 1;
    }
  }
}

const wholeOf = (number: number) => BigInt(Math.trunc(number));

const WHOLE = {
  INT32: Int32Array,
  INT16: Int16Array,
  INT8: Int8Array,
  UINT32: Uint32Array,
  UINT16: Uint16Array,
  UINT8: Uint8Array,
  BOOL: Uint8Array,
} as const;

function unmade({ name }: Value, what: string): SnpError {
  return new SnpError(
    'unsupported',
    `Input '${name}' ${what}. Give real inputs (--calib DIR, or --data DIR of verify).`,
    {
      value: name,
    },
  );
}

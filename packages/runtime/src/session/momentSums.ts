import { triangleLength } from '../linalg/triangle.js';
import { bytesOf } from './bytesOf.js';
import { momentBlocks, momentsKernel } from './momentsKernel.js';
import type { Ort, OrtSession, OrtSessionOptions, OrtTensor } from './ort.js';
import { toOrt } from './ortTensor.js';
import type { Moments } from './runtime.js';
import { addSingle } from './sums.js';

/**
 * Rows that are collected before they are multiplied: the product of few takes no longer than adding it up. Where both are large, more. Products read their columns, which push one another out of
 * the first cache where they all begin at the same place of it, 4,096 bytes apart: then a line of the cache more.
 */
function rowsAtOnce(width: number): number {
  const rows = Math.max(1024, Math.ceil((2 * width) / 3));
  return rows % 1024 === 0 ? rows + 16 : rows;
}

/** Rows whose mean is near enough to all the rows' to be what they are taken about. */
const ORIGIN_ROWS = 256;

/** Threads of a session keep turning when their work is done. Here those of one would take the cores from those of the next: products take 1.7 times as long. */
const PATIENT: OrtSessionOptions = { extra: { session: { intra_op: { allow_spinning: '0' } } } };

/** Bytes of arrays let go that are collected at once. */
const GARBAGE = 1e8;

interface Collected extends Moments {
  heads: number;
  width: number;
  rows: Float32Array;
  /** Rows there is room for. */
  room: number;
  /** Rows that wait, and how much each counts. */
  waiting: number;
  weight: number;
  /** What moments are taken about until the end, so that products in single precision keep what varies little about a large mean: the mean of the first rows. */
  origin: Float32Array | undefined;
}

/** Adds up second moments of outputs [rows, heads, width] over runs, by name: products of many rows at a time, in float32, their sums in float64. */
export class MomentSums {
  readonly #collected = new Map<string, Collected>();
  readonly #kernels = new Map<string, Promise<OrtSession>>();

  /** Bytes of arrays let go since they were last collected. */
  #garbage = Number.POSITIVE_INFINITY;

  constructor(
    private readonly ort: Ort,
    private readonly options: OrtSessionOptions,
  ) {}

  /** Adds the moments of an output [rows, heads, width]. To be called one after the other: rows that wait must not change while they are multiplied. */
  async add(name: string, { type, dims, data }: OrtTensor, weight = 1): Promise<void> {
    if (type !== 'float32' || dims.length !== 3)
      throw new Error(`output '${name}' has no second moments: it is not float32 [rows, heads, width]`);
    const [count, heads, width] = dims;
    const own = this.#collected.get(name) ?? begin(heads, width);
    if (own.heads !== heads || own.width !== width)
      throw new Error(`output '${name}' has rows [${heads}, ${width}] after [${own.heads}, ${own.width}]`);
    this.#collected.set(name, own);
    if (weight !== own.weight && own.waiting > 0) await this.#multiply(own);
    own.weight = weight;
    const length = heads * width;
    for (let row = 0; row < count; ) {
      const taken = Math.min(count - row, own.room - own.waiting);
      own.rows.set((data as Float32Array).subarray(row * length, (row + taken) * length), own.waiting * length);
      own.waiting += taken;
      row += taken;
      if (own.waiting === own.room) await this.#multiply(own);
    }
  }

  async take(name: string): Promise<Moments> {
    const own = this.#collected.get(name);
    if (!own) throw new Error(`output '${name}' has no second moments`);
    this.#collected.delete(name);
    if (own.waiting > 0) await this.#multiply(own);
    this.#letGo(own);
    if (own.origin) moveToZero(own, own.origin);
    const { count, sums, products } = own;
    return { count, sums, products };
  }

  /** The arrays of those taken before are collected now and then: what is handed over then lies in memory that was in use, which is touched several times faster than new. */
  #letGo({ rows, products }: Collected): void {
    if (this.#garbage > GARBAGE) {
      globalThis.gc?.();
      this.#garbage = 0;
    }
    this.#garbage += rows.byteLength + products.byteLength;
  }

  async close(): Promise<void> {
    for (const kernel of this.#kernels.values()) await (await kernel).release();
  }

  async #multiply(own: Collected): Promise<void> {
    const { heads, width, waiting } = own;
    const kernel = await this.#kernel(heads, width);
    const rows = own.rows.subarray(0, waiting * heads * width);
    own.origin ??= meanRow(rows.subarray(0, ORIGIN_ROWS * heads * width), heads * width);
    const tensor = (data: Float32Array, dims: number[]) => toOrt(this.ort, { type: 'FLOAT', dims, data });
    const feeds = { rows: tensor(rows, [waiting, heads, width]), origin: tensor(own.origin, [heads, width]) };
    const given = await kernel.run(feeds, Object.fromEntries(kernel.outputMetadata.map(({ name }) => [name, null])));
    const weighed = (name: string) => {
      const numbers = given[name].data as Float32Array;
      return own.weight === 1 ? numbers : numbers.map((number) => own.weight * number);
    };
    addSingle(own.sums, weighed('sums'));
    addProducts(own, (block) => weighed(`products${block}`));
    own.count += own.weight * waiting;
    own.waiting = 0;
  }

  #kernel(heads: number, width: number): Promise<OrtSession> {
    const key = `${heads}x${width}`;
    const known =
      this.#kernels.get(key) ??
      this.ort.InferenceSession.create(bytesOf(momentsKernel(heads, width)), {
        ...this.options,
        ...PATIENT,
      });
    this.#kernels.set(key, known);
    return known;
  }
}

function begin(heads: number, width: number): Collected {
  const room = rowsAtOnce(width);
  return {
    heads,
    width,
    count: 0,
    sums: new Float64Array(heads * width),
    products: new Float64Array(heads * triangleLength(width)),
    rows: new Float32Array(room * heads * width),
    room,
    waiting: 0,
    weight: 1,
    origin: undefined,
  };
}

function meanRow(rows: Float32Array, length: number): Float32Array {
  const sum = new Float64Array(length);
  for (let at = 0; at < rows.length; ) for (let column = 0; column < length; column++, at++) sum[column] += rows[at];
  return Float32Array.from(sum, (total) => (total * length) / rows.length);
}

/** Adds the products of blocks to the triangles, head by head. */
function addProducts({ heads, width, products }: Collected, blockOf: (number: number) => Float32Array): void {
  const size = triangleLength(width);
  for (const [number, { top, bottom, left, right }] of momentBlocks(width).entries()) {
    const block = blockOf(number);
    const columns = right - left;
    for (let head = 0, row = 0; head < heads; head++) {
      for (let i = top; i < bottom; i++, row += columns) {
        const to = head * size + triangleLength(i) + left;
        addSingle(products, block, to, row, Math.min(columns, i + 1 - left));
      }
    }
  }
}

/** Makes moments about an origin [heads, width] such about zero. */
function moveToZero({ heads, width, count, sums, products }: Collected, origin: Float32Array): void {
  for (let head = 0, at = 0; head < heads; head++) {
    const first = head * width;
    for (let i = first; i < first + width; i++) {
      // (x + a)(y + b) = x y + a y + b x + a b
      const [a, x] = [origin[i], sums[i] + count * origin[i]];
      for (let j = first; j <= i; j++, at++) products[at] += a * sums[j] + origin[j] * x;
    }
  }
  for (let at = 0; at < sums.length; at++) sums[at] += count * origin[at];
}

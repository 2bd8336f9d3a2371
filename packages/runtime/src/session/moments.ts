import { encodeModel } from '@snp/onnx';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { momentBlocks, momentsKernel, moveOrigin, type PackedMoments } from './momentsKernel.js';
import { addSingle } from './sums.js';

type Ort = typeof import('onnxruntime-node');

/** Rows that are collected before they are multiplied, at least: adding up the product of few takes as long as making it. */
const rowsAtOnce = (width: number) => Math.max(1024, width);

/** Threads of a session keep turning when their work is done. Here those of one would take the cores from those of the next: products take 1.7 times as long. */
const PATIENT: InferenceSession.SessionOptions = { extra: { session: { intra_op: { allow_spinning: '0' } } } };

/** A model of products, and where it writes them: room that is new each time takes as long as adding up. */
interface Kernel {
  session: InferenceSession;
  results: Record<string, Tensor>;
}

interface Collected extends PackedMoments {
  rows: Float32Array;
  /** Rows there is room for. */
  room: number;
  /** Rows that the last run gave. */
  batch: number;
  /** Rows that wait. */
  waiting: number;
  /** What moments are taken about until the end, so that products in single precision keep what varies little about a large mean: the mean of the first rows. */
  origin: Float32Array | undefined;
}

/** What a run is to give: every output, or a place for it. */
export type Places = Record<string, Tensor | null>;

/** Adds up second moments of outputs [rows, heads, width] over runs, by name: products of many rows at a time, in float32, their sums in float64. */
export class Moments {
  readonly #collected = new Map<string, Collected>();
  readonly #kernels = new Map<string, Promise<Kernel>>();
  #last: Promise<unknown> = Promise.resolve();
  /** What the last run was fed with, and so how many rows one like it gives. */
  #shapes = '';

  constructor(
    private readonly ort: Ort,
    private readonly options: InferenceSession.SessionOptions,
  ) {}

  /**
   * Runs a model and adds the moments of the outputs `names`, after all that was added before. Where a run like it went before, their rows are written
   * where they are collected.
   *
   * @param shapes Tells runs apart that give other numbers of rows.
   */
  add(
    names: readonly string[],
    shapes: string,
    run: (places: Places) => Promise<InferenceSession.OnnxValueMapType>,
  ): Promise<InferenceSession.OnnxValueMapType> {
    return this.#inTurn(async () => {
      const places = shapes === this.#shapes ? this.#places(names) : {};
      this.#shapes = shapes;
      // Numbers of rows may depend on the data: then there is no place for them.
      const outputs = await run(places).catch((error) => {
        if (Object.keys(places).length === 0) throw error;
        for (const name of names) delete places[name];
        return run(places);
      });
      for (const name of names) await this.#add(name, outputs[name] as Tensor, name in places);
      return outputs;
    });
  }

  take(name: string): Promise<PackedMoments> {
    return this.#inTurn(() => this.#take(name));
  }

  /** Runs may overlap, but rows that wait must not change while they are multiplied. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const own = this.#last.then(work);
    this.#last = own.catch(() => undefined);
    return own;
  }

  /** The next rows of those outputs that have room for as many as last time. */
  #places(names: readonly string[]): Places {
    const found = names.flatMap((name): [string, Tensor][] => {
      const own = this.#collected.get(name);
      if (!own || own.waiting + own.batch > own.room) return [];
      const { heads, width, rows, waiting, batch } = own;
      const length = heads * width;
      const place = rows.subarray(waiting * length, (waiting + batch) * length);
      return [[name, new this.ort.Tensor('float32', place, [batch, heads, width])]];
    });
    return Object.fromEntries(found);
  }

  async #add(name: string, { type, dims, data }: Tensor, placed: boolean): Promise<void> {
    if (type !== 'float32' || dims.length !== 3)
      throw new Error(`output '${name}' has no second moments: it is not float32 [rows, heads, width]`);
    const [count, heads, width] = dims;
    const own = this.#collected.get(name) ?? begin(count, heads, width);
    if (own.heads !== heads || own.width !== width)
      throw new Error(`output '${name}' has rows [${heads}, ${width}] after [${own.heads}, ${own.width}]`);
    this.#collected.set(name, own);
    own.batch = count;
    const length = heads * width;
    for (let row = 0; row < count; ) {
      const taken = Math.min(count - row, own.room - own.waiting);
      if (!placed)
        own.rows.set((data as Float32Array).subarray(row * length, (row + taken) * length), own.waiting * length);
      own.waiting += taken;
      row += taken;
      if (own.waiting === own.room) await this.#multiply(own);
    }
  }

  async #take(name: string): Promise<PackedMoments> {
    const own = this.#collected.get(name);
    if (!own) throw new Error(`output '${name}' has no second moments`);
    this.#collected.delete(name);
    if (own.waiting > 0) await this.#multiply(own);
    const { heads, width, count, sums, products, origin } = own;
    const moments = { heads, width, count, sums, products };
    if (origin) moveOrigin(moments, origin);
    return moments;
  }

  async close(): Promise<void> {
    for (const kernel of this.#kernels.values()) await (await kernel).session.release();
  }

  async #multiply(own: Collected): Promise<void> {
    const { heads, width, waiting } = own;
    const { session, results } = await this.#kernel(heads, width);
    const rows = own.rows.subarray(0, waiting * heads * width);
    own.origin ??= meanRow(rows, heads * width);
    await session.run(
      {
        rows: new this.ort.Tensor('float32', rows, [waiting, heads, width]),
        origin: new this.ort.Tensor('float32', own.origin, [heads, width]),
      },
      results,
    );
    addSingle(own.sums, results.sums.data as Float32Array);
    for (const [at, sum] of own.products.entries()) addSingle(sum, results[`products${at}`].data as Float32Array);
    own.count += waiting;
    own.waiting = 0;
  }

  #kernel(heads: number, width: number): Promise<Kernel> {
    const key = `${heads}x${width}`;
    const known = this.#kernels.get(key) ?? this.#openKernel(heads, width);
    this.#kernels.set(key, known);
    return known;
  }

  async #openKernel(heads: number, width: number): Promise<Kernel> {
    const bytes = Buffer.concat(encodeModel(momentsKernel(heads, width)));
    const session = await this.ort.InferenceSession.create(bytes, { ...this.options, ...PATIENT });
    const room = (dims: number[]) =>
      new this.ort.Tensor('float32', new Float32Array(dims.reduce((size, dim) => size * dim, 1)), dims);
    const products = momentBlocks(width).map(({ top, bottom, left, right }, at): [string, Tensor] => [
      `products${at}`,
      room([heads, bottom - top, right - left]),
    ]);
    return { session, results: { sums: room([heads, width]), ...Object.fromEntries(products) } };
  }
}

function begin(batch: number, heads: number, width: number): Collected {
  const products = momentBlocks(width).map(
    ({ top, bottom, left, right }) => new Float64Array(heads * (bottom - top) * (right - left)),
  );
  // As many whole batches as it takes.
  const room = Math.max(1, batch) * Math.ceil(rowsAtOnce(width) / Math.max(1, batch));
  return {
    heads,
    width,
    count: 0,
    sums: new Float64Array(heads * width),
    products,
    rows: new Float32Array(room * heads * width),
    room,
    batch,
    waiting: 0,
    origin: undefined,
  };
}

/** Rows of which the mean is taken for an origin. */
const FIRST = 256;

function meanRow(all: Float32Array, length: number): Float32Array {
  const rows = all.subarray(0, FIRST * length);
  const sum = new Float64Array(length);
  for (let at = 0; at < rows.length; ) for (let column = 0; column < length; column++, at++) sum[column] += rows[at];
  return Float32Array.from(sum, (total) => (total * length) / rows.length);
}

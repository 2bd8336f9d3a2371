import { describe, expect, it } from 'vitest';
import { batches, type Feeds, type RuntimeTensor, type Sample, type TensorInfo, tensors } from '../src/index.js';
import { collect } from './support/pictures.js';

const float = (dims: readonly number[], ...data: number[]): RuntimeTensor => ({
  type: 'FLOAT',
  dims,
  data: Float32Array.from(data),
});
const FEEDS: Feeds[] = [0, 1, 2, 3, 4].map((x) => ({ x: float([1, 1], x) }));
const values = (samples: readonly Sample[]) => samples.map(({ feeds }) => (feeds.x.data as Float32Array)[0]);

async function* stream(): AsyncGenerator<Feeds> {
  yield* FEEDS;
}

describe('tensors', () => {
  it.each([
    ['a list', FEEDS],
    ['a set', new Set(FEEDS)],
    ['a function that gives a list', () => FEEDS],
    ['an async generator function', stream],
    ['an object with an async iterator', { [Symbol.asyncIterator]: stream }],
  ])('reads %s, as often as it is asked to', async (_, source) => {
    const calibration = tensors(source, { count: 5 });
    expect(calibration.count).toBe(5);
    for (let pass = 0; pass < 2; pass++) {
      const samples = await collect(calibration);
      expect(values(samples)).toEqual([0, 1, 2, 3, 4]);
      expect(samples.map(({ name }) => name)).toEqual(['0', '1', '2', '3', '4']);
    }
  });

  it('reads a generator once, and says so when asked again', async () => {
    for (const limit of [undefined, 2]) {
      const calibration = tensors(stream(), { limit });
      expect((await collect(calibration)).length).toBe(limit ?? 5);
      await expect(collect(calibration)).rejects.toMatchObject({
        code: 'calibration',
        message: expect.stringMatching(/only once.*function/),
      });
    }
  });

  it.each([
    [{ limit: 0 }, []],
    [{ limit: 2 }, [0, 1]],
    [{ every: 2 }, [0, 2, 4]],
    [{ every: 2, start: 1 }, [1, 3]],
    [{ every: 2, start: 1, limit: 1 }, [1]],
  ])('selects by position: %j', async (selection, expected) => {
    expect(values(await collect(tensors(FEEDS, selection)))).toEqual(expected);
  });

  it('does not ask a source for more than the limit', async () => {
    const endless = async function* () {
      yield* FEEDS.slice(0, 2);
      await new Promise<never>(() => undefined);
    };
    expect(values(await collect(tensors(endless, { limit: 2 })))).toEqual([0, 1]);
  });

  it('stops when it is told to', async () => {
    const reading = async () => {
      for await (const _ of tensors(FEEDS).samples(AbortSignal.abort()));
    };
    await expect(reading()).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('batches', () => {
  const X: TensorInfo = { name: 'x', type: 'FLOAT', dims: ['batch', undefined] };
  const stacked = async (feeds: readonly Feeds[], size: number, inputs: readonly TensorInfo[] = [X]) => {
    const all = [];
    for await (const batch of batches(tensors(feeds).samples(), size, inputs)) all.push(batch);
    return all;
  };

  it('stacks samples along the first axis; the last batch may be smaller', async () => {
    const all = await stacked(FEEDS, 2);
    expect(all.map(({ feeds }) => feeds.x)).toEqual([float([2, 1], 0, 1), float([2, 1], 2, 3), float([1, 1], 4)]);
    expect(all.map(({ samples }) => samples.map(({ name }) => name))).toEqual([['0', '1'], ['2', '3'], ['4']]);
  });

  it('samples of another shape begin a new batch', async () => {
    const mixed = [float([1, 1], 1), float([1, 2], 2, 3), float([1, 2], 4, 5), float([1, 1], 6)];
    const all = await stacked(
      mixed.map((x) => ({ x })),
      8,
    );
    expect(all.map(({ feeds }) => feeds.x)).toEqual([float([1, 1], 1), float([2, 2], 2, 3, 4, 5), float([1, 1], 6)]);
  });

  it('stacks whole numbers and text as they are', async () => {
    const inputs: TensorInfo[] = [
      { name: 'ids', type: 'INT64', dims: ['batch', 2] },
      { name: 'text', type: 'STRING', dims: ['batch'] },
    ];
    const of = (ids: bigint[], text: string): Feeds => ({
      ids: { type: 'INT64', dims: [1, 2], data: BigInt64Array.from(ids) },
      text: { type: 'STRING', dims: [1], data: [text] },
    });
    const [batch] = await stacked([of([1n, -2n], 'a'), of([2n ** 60n, 4n], 'b')], 4, inputs);
    expect(batch.feeds).toEqual({
      ids: { type: 'INT64', dims: [2, 2], data: BigInt64Array.of(1n, -2n, 2n ** 60n, 4n) },
      text: { type: 'STRING', dims: [2], data: ['a', 'b'] },
    });
  });

  it('hold as many samples as the model takes, the last one filled up with its own', async () => {
    const all = await stacked(FEEDS, 8, [{ ...X, dims: [3, 1] }]);
    expect(all.map(({ feeds }) => feeds.x)).toEqual([float([3, 1], 0, 1, 2), float([3, 1], 3, 4, 3)]);
    expect(all.map(({ samples, size }) => [samples.length, size])).toEqual([
      [3, 3],
      [2, 3],
    ]);
  });

  it('have what is no row of a sample once, and begin anew where that is another', async () => {
    const inputs: TensorInfo[] = [
      { ...X, dims: [2, 1] },
      { name: 'free', type: 'FLOAT', dims: ['batch', 1] },
      { name: 'step', type: 'FLOAT', dims: [1] },
    ];
    const of = (x: number, step: number): Feeds => ({
      x: float([1, 1], x),
      free: float([1, 1], -x),
      step: float([1], step),
    });
    const all = await stacked([of(1, 7), of(2, 7), of(3, 8)], 8, inputs);
    expect(all.map(({ feeds }) => feeds)).toEqual([
      { x: float([2, 1], 1, 2), free: float([2, 1], -1, -2), step: float([1], 7) },
      { x: float([2, 1], 3, 3), free: float([2, 1], -3, -3), step: float([1], 8) },
    ]);
  });

  it('of samples that fill a run, or hold several rows, are these alone', async () => {
    const whole = [float([2, 1], 1, 2), float([2, 1], 3, 4)].map((x) => ({ x }));
    expect((await stacked(whole, 8, [{ ...X, dims: [2, 1] }])).map(({ feeds }) => feeds)).toEqual(whole);
    expect((await stacked(whole, 8)).map(({ feeds }) => feeds)).toEqual(whole);
  });

  it.each<[string, Feeds, RegExp]>([
    ['an input too many', { x: float([1, 3], 1, 2, 3), y: float([1], 1) }, /Sample '0'.*input 'y', the model has x/],
    ['an input too few', {}, /Sample '0'.*'x' is missing/],
    ['only an inherited input', Object.create({ x: float([1, 3], 1, 2, 3) }), /'x' is missing/],
    [
      'another type',
      { x: { type: 'DOUBLE', dims: [1, 3], data: new Float64Array(3) } },
      /must be FLOAT, but is DOUBLE/,
    ],
    ['another size', { x: float([1, 4], 1, 2, 3, 4) }, /must have shape \[batch, 3\], but has \[1, 4\]/],
    ['another rank', { x: float([3], 1, 2, 3) }, /must have shape \[batch, 3\], but has \[3\]/],
  ])('a sample with %s does not fit', async (_, feeds, message) => {
    await expect(stacked([feeds], 1, [{ ...X, dims: ['batch', 3] }])).rejects.toMatchObject({
      code: 'calibration',
      message: expect.stringMatching(message),
    });
  });
});

describe('batches of parts of one array', () => {
  const whole = Float32Array.from({ length: 12 }, (_, at) => at);
  const part = (start: number, end: number): Feeds => ({
    x: { type: 'FLOAT', dims: [1, end - start], data: whole.subarray(start, end) },
  });
  const batchOf = async (...feeds: Feeds[]) => {
    for await (const batch of batches(tensors(feeds).samples(), 8, [{ name: 'x', type: 'FLOAT', dims: ['n', 3] }]))
      return batch.feeds.x;
    throw new Error('no batch');
  };

  it('are that array where they lie side by side', async () => {
    const { dims, data } = await batchOf(part(3, 6), part(6, 9), part(9, 12));
    expect(dims).toEqual([3, 3]);
    expect([...(data as Float32Array)]).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect((data as Float32Array).buffer).toBe(whole.buffer);
  });

  it.each([
    ['in another order', [part(3, 6), part(0, 3)], [3, 4, 5, 0, 1, 2]],
    ['with gaps', [part(0, 3), part(6, 9)], [0, 1, 2, 6, 7, 8]],
    ['twice the same', [part(0, 3), part(0, 3)], [0, 1, 2, 0, 1, 2]],
  ])('are copied where they do not: %s', async (_, feeds, expected) => {
    const { data } = await batchOf(...feeds);
    expect([...(data as Float32Array)]).toEqual(expected);
    expect((data as Float32Array).buffer).not.toBe(whole.buffer);
  });
});

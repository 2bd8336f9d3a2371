import type { Sample, TensorInfo } from '@snp/runtime';
import { normals, random } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { augmented } from '../src/data/augment.js';
import { BatchOrder } from '../src/data/order.js';
import { divide } from '../src/data/samples.js';
import { Stacking } from '../src/data/stacking.js';
import { scheduled } from '../src/schedule.js';

const counted = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

describe('the order of samples', () => {
  it('takes each once an epoch, in another order each time, and fills the last batch with others', () => {
    const order = new BatchOrder(22, 5, 7);
    expect(order.stepsPerEpoch).toBe(5);
    const epochs = [0, 1].map((epoch) => counted(0, 5).map((step) => order.at(5 * epoch + step)));
    for (const batches of epochs) {
      expect([...new Set(batches.flat())].sort((a, b) => a - b)).toEqual(counted(0, 22));
      for (const batch of batches) expect(new Set(batch).size).toBe(5);
    }
    expect(epochs[0]).not.toEqual(epochs[1]);
    // It follows from seed and step alone: whoever goes on in the middle takes the same.
    expect(new BatchOrder(22, 5, 7).at(8)).toEqual(epochs[1][3]);
    expect(new BatchOrder(22, 5, 8).at(8)).not.toEqual(epochs[1][3]);
  });

  it('holds every eighth back, as prune does, and at random what is missing of sixteen', () => {
    const samples = counted(0, 200).map((at): Sample => ({ name: String(at), feeds: {} }));
    const numbers = (own: readonly Sample[]) => own.map(({ name }) => Number(name));
    const eighths = (count: number) => counted(0, Math.floor(count / 8)).map((at) => 8 * at + 7);
    const all = divide(samples, { share: undefined, seed: 1 });
    expect(numbers(all.heldBack)).toEqual(eighths(200));
    const few = divide(samples.slice(0, 50), { share: undefined, seed: 1 });
    expect(few.heldBack).toHaveLength(16);
    expect(numbers(few.heldBack)).toEqual(expect.arrayContaining(eighths(50)));
  });

  it('holds back a share that follows from the seed', () => {
    const samples = counted(0, 200).map((at): Sample => ({ name: String(at), feeds: {} }));
    const [one, same, other] = [1, 1, 2].map((seed) => divide(samples, { share: 0.2, seed }));
    expect(one.heldBack).toHaveLength(40);
    expect([...one.heldBack, ...one.trained].map(({ name }) => Number(name)).sort((a, b) => a - b)).toEqual(
      counted(0, 200),
    );
    expect(same).toEqual(one);
    expect(other.heldBack).not.toEqual(one.heldBack);
  });
});

it('the rate grows, then falls as a cosine to nothing', () => {
  expect([0, 0.025, 0.05, 0.525, 1].map((done) => Number(scheduled(done).toFixed(12)))).toEqual([0, 0.5, 1, 0.5, 0]);
});

describe('augmented pictures', () => {
  const picture = (size: number, number: (row: number, column: number) => number): Sample => {
    const plane = Float32Array.from({ length: size * size }, (_, at) => number(Math.floor(at / size), at % size));
    const data = Float32Array.from([...plane, ...plane.map((own) => -own)]);
    return { name: 'p', feeds: { x: { type: 'FLOAT', dims: [1, 2, size, size], data } } };
  };
  const seen = (sample: Sample, count: number) =>
    counted(0, count).map((seed) => augmented([sample], seed)[0].feeds.x.data as Float32Array);

  it('small ones are mirrored or not, and moved by whole pixels in all directions', () => {
    const size = 16;
    const found = seen(
      picture(size, (row, column) => 100 * row + column + 1),
      500,
    );
    const moves = new Set<string>();
    for (const data of found) {
      // Far from the edges, each pixel is one of the picture, and its neighbours are its neighbours there.
      const at = (row: number, column: number) => data[row * size + column];
      const [down, right] = [at(9, 8) - at(8, 8), at(8, 9) - at(8, 8)];
      if (down !== 100 || Math.abs(right) !== 1) throw new Error(`${down} down, ${right} to the right`);
      const column = right > 0 ? 8 : size - 1 - 8;
      const [byRow, byColumn] = [Math.floor(at(8, 8) / 100) - 8, (at(8, 8) % 100) - 1 - column];
      moves.add(`${right} ${byRow} ${byColumn}`);
    }
    const far = [-2, -1, 0, 1, 2];
    const all = [-1, 1].flatMap((right) => far.flatMap((row) => far.map((column) => `${right} ${row} ${column}`)));
    expect([...moves].sort()).toEqual(all.sort());
    // All channels alike.
    expect(found[0].subarray(size * size)).toEqual(found[0].subarray(0, size * size).map((own) => -own));
  });

  it('of large ones at least half is taken, evenly stretched', () => {
    const size = 80;
    for (const data of seen(
      picture(size, (row, column) => 1000 * row + column),
      50,
    )) {
      const at = (row: number, column: number) => data[row * size + column];
      const [down, right] = [(at(60, 40) - at(20, 40)) / 40_000, (at(40, 60) - at(40, 20)) / 40];
      expect(down).toBeCloseTo(Math.abs(right), 3);
      expect(down).toBeGreaterThanOrEqual(Math.SQRT1_2 - 1e-3);
      expect(down).toBeLessThanOrEqual(1 + 1e-3);
    }
  });

  it('follow from the seed, and the picture stays as it was', () => {
    const sample = picture(8, (row, column) => row - column);
    const before = (sample.feeds.x.data as Float32Array).slice();
    expect(augmented([sample, sample], 5)).toEqual(augmented([sample, sample], 5));
    expect(sample.feeds.x.data).toEqual(before);
  });
});

describe('stacking', () => {
  const inputs: TensorInfo[] = [
    { name: 'input_ids', type: 'INT64', dims: ['batch', 'tokens'] },
    { name: 'attention_mask', type: 'INT64', dims: ['batch', 'tokens'] },
  ];
  const text = (...ids: number[]): Sample => ({
    name: 't',
    feeds: {
      input_ids: { type: 'INT64', dims: [1, ids.length], data: BigInt64Array.from(ids, BigInt) },
      attention_mask: { type: 'INT64', dims: [1, ids.length], data: BigInt64Array.from(ids, () => 1n) },
    },
  });

  it('fills shorter texts up, and their masks say so', () => {
    const samples = [text(5, 6, 7), text(8), text(9, 4)];
    const stacking = new Stacking(samples, inputs, 3);
    expect(stacking.even).toBe(false);
    expect(stacking.inputShapes.input_ids).toEqual([3, undefined]);
    const { input_ids: ids, attention_mask: mask } = stacking.feeds(samples);
    expect(ids).toEqual({ type: 'INT64', dims: [3, 3], data: BigInt64Array.of(5n, 6n, 7n, 8n, 0n, 0n, 9n, 4n, 0n) });
    expect(mask.data).toEqual(BigInt64Array.of(1n, 1n, 1n, 1n, 0n, 0n, 1n, 1n, 0n));
  });

  it('refuses texts of different lengths where no mask tells them apart', () => {
    const bare = [text(1, 2), text(3)].map((own): Sample => ({ name: 't', feeds: { input_ids: own.feeds.input_ids } }));
    expect(() => new Stacking(bare, inputs.slice(0, 1), 2)).toThrow(/no mask .*--pack/);
  });

  it('takes as many samples as the model does, and what it takes but once from the first', () => {
    const draw = random(1, 'x');
    const own = (scale: number): Sample => ({
      name: 's',
      feeds: {
        x: { type: 'FLOAT', dims: [1, 2], data: normals(draw, 2) },
        scale: { type: 'FLOAT', dims: [1], data: Float32Array.of(scale) },
      },
    });
    const fixed: TensorInfo[] = [
      { name: 'x', type: 'FLOAT', dims: [4, 2] },
      { name: 'scale', type: 'FLOAT', dims: [1] },
    ];
    const stacking = new Stacking([own(3), own(3)], fixed, 16);
    expect(stacking.size).toBe(4);
    const [a, b] = [own(3), own(3)];
    const { x, scale } = stacking.feeds([a, b, a, b]);
    expect(x.dims).toEqual([4, 2]);
    expect(scale).toEqual(a.feeds.scale);
    expect(() => new Stacking([own(3), own(4)], fixed, 16)).toThrow(/'scale' once for all samples/);
  });
});

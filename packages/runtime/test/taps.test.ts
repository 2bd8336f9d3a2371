import type { Model, Value } from '@snp/onnx';
import { buildEncoder, buildVit, GraphBuilder, inputs, normals, random } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import {
  type Feeds,
  type GramAxes,
  gramTap,
  momentsTap,
  onnxRuntime,
  runTapped,
  type Tap,
  tensors,
} from '../src/index.js';

const runtime = onnxRuntime({ threads: 1 });

/** What a tap gave in one batch, and the tapped value itself in the same run. */
interface Seen {
  statistic: Float64Array;
  value: Float32Array;
  dims: readonly number[];
}

/** A tap on a value as it is. */
const asItIs = (value: Value): Tap => ({
  name: `as-it-is/${value.name}`,
  build: (model) => model.graph.value(value.name),
});

async function tapped(model: Model, value: Value, tap: Tap, samples: readonly Feeds[], batchSize = 4): Promise<Seen[]> {
  const seen: Seen[] = [];
  const taps = [tap, asItIs(value)];
  await runTapped({ model, taps, runtime, calibration: tensors(samples), batchSize }, (outputs) => {
    const { data, dims } = outputs[taps[1].name];
    expect(outputs[tap.name].type).toBe('DOUBLE');
    seen.push({ statistic: outputs[tap.name].data as Float64Array, value: data as Float32Array, dims });
  });
  return seen;
}

/** Reads an element of a row-major array by its indices. */
function reader({ value, dims }: Seen) {
  return (...indices: number[]) => value[indices.reduce((at, index, axis) => at * dims[axis] + index, 0)];
}

function expectEqual(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  expect(scale).toBeGreaterThan(0);
  for (const [at, number] of expected.entries()) expect(Math.abs(actual[at] - number)).toBeLessThan(1e-12 * scale);
}

const range = (length: number) => Array.from({ length }, (_, at) => at);

/** X^T X over tokens, given how to read element (sample, head, token, feature). */
function naiveGrams(
  [samples, heads, tokens, width]: readonly number[],
  read: (sample: number, head: number, token: number, feature: number) => number,
): number[] {
  return range(samples).flatMap((s) =>
    range(heads).flatMap((h) =>
      range(width).flatMap((i) =>
        range(width).map((j) => range(tokens).reduce((sum, t) => sum + read(s, h, t, i) * read(s, h, t, j), 0)),
      ),
    ),
  );
}

/** A model of one input and nothing to do, and feeds of normals for it. */
function still(rank: number, opset = 17): { model: Model; x: Value } {
  const builder = new GraphBuilder('still');
  const x = builder.input('x', 'FLOAT', ['batch', ...range(rank - 1).map((axis) => `axis${axis}`)]);
  builder.output(builder.op('', 'Identity', [x]), 'y', 'FLOAT', x.type!.shape!);
  builder.model.opsets.set('', opset);
  return { model: builder.model, x };
}
const noise = (count: number, dims: readonly number[]): Feeds[] =>
  range(count).map((seed) => {
    const size = dims.reduce((a, b) => a * b, 1);
    return { x: { type: 'FLOAT', dims: [1, ...dims], data: normals(random(seed), size, 2, 0.5) } };
  });

const [IMAGE, PATCH, HEADS, WIDTH, FFN] = [16, 4, 3, 8, 20];
const TOKENS = (IMAGE / PATCH) ** 2 + 1;
const vit = buildVit({
  image: IMAGE,
  patch: PATCH,
  residual: 24,
  depth: 1,
  heads: HEADS,
  blocks: { queryKey: WIDTH, value: WIDTH, ffn: FFN },
  classes: 7,
});
const pictures = (count: number) =>
  range(count).map((seed) =>
    inputs([{ name: 'input', dtype: 'float', shape: [1, 3, IMAGE, IMAGE], fill: 'normal' }], { seed }),
  );

/** Both sides of the product under the softmax: [batch, heads, tokens, width] and [batch, heads, width, tokens]. */
function queryAndKey(model: Model): [Value, Value] {
  let node = model.graph.nodes.find(({ op }) => op === 'Softmax')!;
  while (node.op !== 'MatMul') node = node.inputs[0]!.producer!;
  return [node.inputs[0]!, node.inputs[1]!];
}

describe('gramTap', () => {
  it.each([1, 2, 3, 8])('of queries is X^T X per sample and head, in batches of %i', async (batchSize) => {
    const [query] = queryAndKey(vit);
    const tap = gramTap(query, { rank: 4, feature: 3, head: 1, heads: HEADS });
    const seen = await tapped(vit, query, tap, pictures(5), batchSize);
    expect(seen.map(({ dims }) => dims[0]).reduce((a, b) => a + b)).toBe(5);
    for (const batch of seen) {
      expect(batch.dims.slice(1)).toEqual([HEADS, TOKENS, WIDTH]);
      expectEqual(batch.statistic, naiveGrams([batch.dims[0], HEADS, TOKENS, WIDTH], reader(batch)));
    }
  });

  it('of keys that lie on their side is the same over their tokens', async () => {
    const [, key] = queryAndKey(vit);
    const [batch] = await tapped(vit, key, gramTap(key, { rank: 4, feature: 2, head: 1, heads: HEADS }), pictures(2));
    const at = reader(batch);
    expectEqual(
      batch.statistic,
      naiveGrams([2, HEADS, TOKENS, WIDTH], (s, h, t, i) => at(s, h, i, t)),
    );
  });

  it('of a text encoder reads its queries, too', async () => {
    const encoder = buildEncoder({
      vocabulary: 30,
      positions: 8,
      residual: 12,
      depth: 1,
      heads: 2,
      blocks: { queryKey: 6, value: 6, ffn: 24 },
      labels: 5,
    });
    const [query] = queryAndKey(encoder);
    const names = encoder.graph.inputs.map((input) => input.name);
    const tokens = 6;
    const texts = range(3).map((seed) => textFeeds(encoder, names, tokens, seed));
    const tap = gramTap(query, { rank: 4, feature: 3, head: 1, heads: 2 });
    for (const batch of await tapped(encoder, query, tap, texts, 2)) {
      const [samples, heads, , width] = batch.dims;
      expectEqual(batch.statistic, naiveGrams([samples, heads, tokens, width], reader(batch)));
    }
  });

  it.each<[string, number[], GramAxes, number[], (at: ReturnType<typeof reader>) => Parameters<typeof naiveGrams>[1]]>([
    [
      '[batch, tokens, width]',
      [4, 3],
      { rank: 3, feature: 2, heads: 1 },
      [2, 1, 4, 3],
      (at) => (s, _, t, i) => at(s, t, i),
    ],
    [
      '[batch, width, tokens]',
      [3, 4],
      { rank: 3, feature: 1, heads: 1 },
      [2, 1, 4, 3],
      (at) => (s, _, t, i) => at(s, i, t),
    ],
    [
      '[batch, tokens, heads x width]',
      [4, 6],
      { rank: 3, feature: 2, head: 2, heads: 2 },
      [2, 2, 4, 3],
      (at) => (s, h, t, i) => at(s, t, h * 3 + i),
    ],
    [
      '[batch, heads x width, tokens]',
      [6, 4],
      { rank: 3, feature: 1, head: 1, heads: 2 },
      [2, 2, 4, 3],
      (at) => (s, h, t, i) => at(s, h * 3 + i, t),
    ],
    [
      '[batch, tokens, heads, width]',
      [4, 2, 3],
      { rank: 4, feature: 3, head: 2, heads: 2 },
      [2, 2, 4, 3],
      (at) => (s, h, t, i) => at(s, t, h, i),
    ],
    [
      '[batch x heads, tokens, width]',
      [4, 3],
      { rank: 3, feature: 2, head: 0, heads: 2 },
      [2, 1, 4, 3],
      (at) => (s, _, t, i) => at(s, t, i),
    ],
  ])('reads the axes %s', async (_, dims, axes, sizes, read) => {
    const { model, x } = still(dims.length + 1);
    const [batch] = await tapped(model, x, gramTap(x, axes), noise(2, dims));
    expectEqual(batch.statistic, naiveGrams(sizes, read(reader(batch))));
  });
});

/** Whole numbers for every input of a text model: ids that differ, masks of ones. */
function textFeeds(model: Model, names: readonly string[], tokens: number, seed: number): Feeds {
  const numbers = random(seed);
  return Object.fromEntries(
    names.map((name) => {
      const mask = /mask|type/.test(name);
      const ids = range(tokens).map(() => (mask ? Number(name.includes('mask')) : numbers.integer(30)));
      expect(model.graph.value(name).type?.elementType).toBe('INT64');
      return [name, { type: 'INT64' as const, dims: [1, tokens], data: BigInt64Array.from(ids.map(BigInt)) }];
    }),
  );
}

/** Sum, sum of squares and number of elements for each position along `channels`. */
function naiveMoments(batch: Seen, channels: readonly number[]): number[] {
  const { value, dims } = batch;
  const positions = channels.reduce((product, axis) => product * dims[axis], 1);
  const result = new Array<number>(3 * positions).fill(0);
  for (const [flat, element] of value.entries()) {
    const indices: number[] = [];
    for (let axis = dims.length - 1, rest = flat; axis >= 0; axis--) {
      indices[axis] = rest % dims[axis];
      rest = Math.floor(rest / dims[axis]);
    }
    const position = channels.reduce((at, axis) => at * dims[axis] + indices[axis], 0);
    result[position] += element;
    result[positions + position] += element * element;
    result[2 * positions + position]++;
  }
  return result;
}

describe('momentsTap', () => {
  it('of queries counts every head and neuron, however large the batches', async () => {
    const [query] = queryAndKey(vit);
    const totals: number[][] = [];
    for (const batchSize of [1, 2, 5]) {
      const total = new Array<number>(3 * HEADS * WIDTH).fill(0);
      for (const batch of await tapped(vit, query, momentsTap(query, 4, [1, 3]), pictures(5), batchSize)) {
        expectEqual(batch.statistic, naiveMoments(batch, [1, 3]));
        for (const [at, number] of batch.statistic.entries()) total[at] += number;
      }
      expect(total.slice(2 * HEADS * WIDTH)).toEqual(new Array(HEADS * WIDTH).fill(5 * TOKENS));
      totals.push(total);
    }
    // The runtime rounds products of other sizes in another way: to single precision.
    for (const total of totals) {
      for (const [at, number] of total.entries()) expect(Math.abs(number - totals[0][at])).toBeLessThan(1e-4);
    }
  });

  it.each([
    [[4, 3], [2], 17],
    [[4, 3], [1], 17],
    [[4, 3], [1, 2], 17],
    [[4, 3], [0, 1, 2], 17],
    [[2, 3, 2, 2], [1], 17],
    [[2, 3, 2, 2], [1, 4], 17],
    [[4, 3], [2], 12],
    [[4, 3], [2], 20],
    [[3], [1], 17],
  ])('of [batch, %j] along %j, opset %i', async (dims, channels, opset) => {
    const { model, x } = still(dims.length + 1, opset);
    const [batch] = await tapped(model, x, momentsTap(x, dims.length + 1, channels), noise(3, dims));
    expectEqual(batch.statistic, naiveMoments(batch, channels));
  });

  it('adds up in double precision', async () => {
    const { model, x } = still(2);
    const data = new Float32Array(4097).fill(2 ** -12).fill(2 ** 13, 0, 1);
    const feeds: Feeds = { x: { type: 'FLOAT', dims: [1, 4097], data } };
    const [{ statistic }] = await tapped(model, x, momentsTap(x, 2, [0]), [feeds]);
    // In single precision 2^13 + 2^-12 is 2^13 again.
    expect([...statistic]).toEqual([2 ** 13 + 1, 2 ** 26 + 2 ** -12, 4097]);
  });
});

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cloneModel, foldConstants, inferShapes, type Model, type Value } from '@snp/onnx';
import {
  buildTransformer,
  buildVit,
  normals,
  PLAIN_BLOCK,
  random,
  relativeError,
  type TransformerBlock,
  type TransformerOptions,
  transformerFeeds,
} from '@snp/testing';
import { describe, expect, it } from 'vitest';
import {
  addTaps,
  type Feeds,
  onnxRuntime,
  pickTokensEarly,
  rowsTap,
  runTapped,
  type Tap,
  tensors,
} from '../src/index.js';

const runtime = onnxRuntime({ threads: 1 });
const ROWS = 3;

const VIT = {
  image: 8,
  patch: 4,
  residual: 8,
  depth: 2,
  heads: 2,
  classes: 5,
  blocks: { queryKey: 4, value: 4, ffn: 12 },
};

/** Some rows of a value, whose last axis is that of the features. */
function someRows(value: Value, model: Model): Tap[] {
  const shapes = inferShapes(model);
  const shape = shapes.shape(value);
  const width = shape?.at(-1);
  if (!shape || shape.length < 2 || typeof width !== 'number' || shapes.elementType(value) !== 'FLOAT') return [];
  const tap = rowsTap(value, { rank: shape.length, feature: shape.length - 1, width, rows: ROWS });
  return [{ ...tap, name: `some/${value.name}` }];
}

const whole = ({ name }: Value): Tap => ({ name: `whole/${name}`, build: (model) => model.graph.value(name) });

const computed = ({ graph }: Model) =>
  graph.nodes.flatMap(({ outputs }) => outputs.filter((value) => value !== undefined));

async function answers(model: Model, taps: readonly Tap[], samples: readonly Feeds[]): Promise<Feeds[]> {
  const seen: Feeds[] = [];
  await runTapped({ model, taps, runtime, calibration: tensors(samples), batchSize: 1 }, (outputs) => {
    seen.push(outputs);
  });
  return seen;
}

/** Every value of a model by some of its rows: alone, so that they may be picked early, and beside all values as a whole, so that they may not. */
async function expectSameRows(model: Model, samples: readonly Feeds[]): Promise<void> {
  foldConstants(model);
  const values = computed(model);
  const taps = values.flatMap((value) => someRows(value, model));
  expect(taps.length).toBeGreaterThan(10);
  const late = await answers(
    model,
    [...taps, ...values.filter((value) => someRows(value, model).length > 0).map(whole)],
    samples,
  );
  // Alone, too: together they keep each other from being picked early.
  const sets = [taps, ...taps.filter((_, at) => at % 7 === 0).map((tap) => [tap])];
  for (const set of sets) {
    const early = await answers(model, set, samples);
    for (const [batch, outputs] of early.entries()) {
      for (const { name } of set) {
        const { dims, data } = late[batch][name];
        expect(outputs[name].dims).toEqual(dims);
        expect(relativeError(outputs[name].data as Float32Array, data as Float32Array)).toBeLessThan(1e-5);
      }
    }
  }
}

describe('rows that are picked as early as may be', () => {
  const blocks: Record<string, Partial<TransformerBlock>> = {
    plain: {},
    'behind norms taken apart, with gates': { norm: 'decomposed', gate: 'silu' },
    'behind RMS norms, with layer scale and causal masks': { norm: 'rms', layerScale: true, mask: 'causal' },
    'behind fused norms and sums, without biases': { norm: 'skip', bias: false, activation: 'relu' },
    'of heads with norms, behind the sums': { queryKeyNorm: 'layer', order: 'post' },
    'with Gemm': { linear: 'gemm' },
    'with Einsum': { linear: 'einsum', attention: 'einsum' },
  };
  it.each(Object.entries(blocks))('are those of the whole value (%s)', async (_, block) => {
    const options: TransformerOptions = {
      seed: 1,
      residual: 8,
      blocks: [
        { ...PLAIN_BLOCK, ...block },
        { ...PLAIN_BLOCK, ...block },
      ],
      input: 'features',
      head: true,
      noise: 0,
    };
    const samples = [1, 2].map((seed) => transformerFeeds(options, 1, seed) as Feeds);
    await expectSameRows(buildTransformer(options), samples);
  });

  it.each(['erf', 'operator'] as const)(
    'are those of the whole value where the model picks a token (%s)',
    async (gelu) => {
      const model = buildVit({ ...VIT, gelu });
      const samples = [1, 2].map(
        (seed): Feeds => ({
          [model.graph.inputs[0].name]: {
            type: 'FLOAT',
            dims: [1, 3, 8, 8],
            data: normals(random(seed), 3 * 8 * 8, 1, 0),
          },
        }),
      );
      await expectSameRows(model, samples);
    },
  );

  it('leave the last FFN to them and the class token, all others to all tokens', () => {
    const model = buildVit(VIT);
    foldConstants(model);
    const hidden = computed(model).filter(
      (value) =>
        inferShapes(model).shape(value)?.at(-1) === 12 && value.consumers.some(({ opType }) => opType === 'MatMul'),
    );
    expect(hidden.length).toBe(2);
    const tapped = addTaps(model, [
      ...hidden.flatMap((value) => someRows(value, model)),
      whole(model.graph.outputs[0]),
    ]);
    const shapes = inferShapes(tapped);
    const ranks = tapped.graph.nodes.flatMap(({ inputs: [data, weight] }) =>
      weight?.tensor?.dims.includes(12) && weight.tensor.dims.length === 2 ? [shapes.shape(data!)!.length] : [],
    );
    // First and second layer of the first FFN; of the last, the first for rows and class tokens, the second for class tokens.
    expect(ranks.sort()).toEqual([2, 2, 2, 3, 3]);
  });
});

describe('tokens that a model picks for its answers', () => {
  const model = buildVit(VIT);
  foldConstants(model);
  const early = cloneModel(model);
  pickTokensEarly(early);

  it('are picked so early that the last FFN sees no others', () => {
    const shapes = inferShapes(early);
    const tokens = early.graph.nodes.flatMap(({ inputs: [data, weight] }) =>
      weight?.tensor?.dims.includes(12) && weight.tensor.dims.length === 2 ? [shapes.shape(data!)![1]] : [],
    );
    // Four patches and the class token; then the class token alone, whose axis is gone: the next is that of the features.
    expect(tokens).toEqual([5, 5, 8, 12]);
  });

  it('leave the answers what they are', async () => {
    const [input] = model.graph.inputs;
    const feeds: Feeds = {
      [input.name]: { type: 'FLOAT', dims: [2, 3, 8, 8], data: normals(random(3), 2 * 3 * 8 * 8, 1, 0) },
    };
    const [[before], [after]] = await Promise.all(
      [model, early].map(async (own) => {
        const session = await runtime.open(own);
        const outputs = Object.values(await session.run(feeds));
        await session.close();
        return outputs;
      }),
    );
    expect(after.dims).toEqual([2, 5]);
    expect(relativeError(after.data as Float32Array, before.data as Float32Array)).toBeLessThan(1e-5);
  });
});

describe('values of many layers', () => {
  it('are looked at while their layer is at work, not kept until the last one is done', async () => {
    const depth = 4;
    const model = buildVit({ ...VIT, depth });
    foldConstants(model);
    const shapes = inferShapes(model);
    const hidden = computed(model).filter(
      (value) => shapes.shape(value)?.at(-1) === 12 && value.consumers.some(({ opType }) => opType === 'MatMul'),
    );
    expect(hidden).toHaveLength(depth);
    const taps = [whole(model.graph.outputs[0]), ...hidden.flatMap((value) => someRows(value, model))];
    const folder = await mkdtemp(join(tmpdir(), 'snp-profile-'));
    const session = await onnxRuntime({ threads: 1, profile: join(folder, 'run') }).open(addTaps(model, taps));
    const pictures = { type: 'FLOAT', dims: [1, 3, 8, 8], data: normals(random(3), 3 * 8 * 8, 1, 0) } as const;
    await session.run({
      [model.graph.inputs[0].name]: pictures,
      tap_batch_number: { type: 'INT64', dims: [1], data: BigInt64Array.of(0n) },
    });
    const events: { name: string; ts: number; args: { op_name?: string } }[] = JSON.parse(
      await readFile(await session.takeProfile(), 'utf8'),
    );
    await session.close();
    await rm(folder, { recursive: true });
    const order = events
      .filter(({ name }) => name.endsWith('_kernel_time'))
      .sort((a, b) => a.ts - b.ts)
      .map(({ args }) => args.op_name);
    // Each block has one Softmax, and rows of its hidden neurons are taken by one Gather.
    const beforeLast = order.slice(0, order.lastIndexOf('Softmax'));
    expect(beforeLast.filter((operator) => operator === 'Gather').length).toBeGreaterThanOrEqual(depth - 1);
  });
});

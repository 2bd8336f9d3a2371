import { cloneModel, foldConstants, inferShapes, type Model, Tensor } from '@snp/onnx';
import {
  buildTransformer,
  PLAIN_BLOCK,
  relativeError,
  type TransformerBlock,
  type TransformerOptions,
  transformerFeeds,
} from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { addTaps, type Feeds, onnxRuntime, padHidden, rowsTap, runTapped, type Tap, tensors } from '../src/index.js';

const runtime = onnxRuntime({ threads: 1 });
const HIDDEN = 1024;

function optionsOf(block: Partial<TransformerBlock> = {}): TransformerOptions {
  const blocks = [1, 2].map(() => ({ ...PLAIN_BLOCK, ffn: HIDDEN, ...block }));
  return { seed: 1, residual: 8, blocks, input: 'features', head: true, noise: 0 };
}

function modelOf(options: TransformerOptions): Model {
  const model = buildTransformer(options);
  foldConstants(model);
  return model;
}

async function answersOf(model: Model, feeds: Feeds): Promise<Feeds> {
  const session = await runtime.open(model);
  const outputs = await session.run(feeds);
  await session.close();
  return outputs;
}

async function expectSameAnswers(model: Model, padded: Model, feeds: Feeds): Promise<void> {
  const [before, after] = [await answersOf(model, feeds), await answersOf(padded, feeds)];
  for (const [name, { dims, data }] of Object.entries(before)) {
    expect(after[name].dims).toEqual(dims);
    expect(relativeError(after[name].data as Float32Array, data as Float32Array)).toBeLessThan(1e-5);
  }
}

/** Numbers of neurons that matrices with the hidden layers' axis read and write. */
function hiddenWidths({ graph }: Model): number[] {
  const matrices = graph.initializers.flatMap(({ tensor }) => (tensor!.dims.length === 2 ? [tensor!.dims] : []));
  return matrices.flatMap((dims) => dims.filter((dim) => dim >= HIDDEN));
}

function hiddenReaders({ graph }: Model) {
  return graph.nodes.filter(({ inputs }) => inputs[1]?.tensor?.dims.join() === `${HIDDEN},8`);
}

describe('hidden layers of 1,024 neurons', () => {
  const blocks: Record<string, Partial<TransformerBlock>> = {
    plain: {},
    'without biases': { bias: false, activation: 'relu' },
    'with Gemm': { linear: 'gemm', activation: 'tanh' },
    'with gates': { gate: 'silu' },
    'with gates of Gelu': { gate: 'gelu', norm: 'decomposed' },
    'with sigmoid, behind fused norms': { activation: 'sigmoid', norm: 'skip' },
  };
  it.each(Object.entries(blocks))('get a few more, and the answers stay (%s)', async (_, block) => {
    const options = optionsOf(block);
    const model = modelOf(options);
    const padded = cloneModel(model);
    padHidden(padded);
    const matrices = block.gate ? 6 : 4;
    expect(hiddenWidths(model)).toEqual(new Array(matrices).fill(HIDDEN));
    expect(hiddenWidths(padded)).toEqual(new Array(matrices).fill(HIDDEN + 16));
    const feeds = transformerFeeds(options, 2, 3) as Feeds;
    await expectSameAnswers(model, padded, feeds);
  });

  it('get a few more where a layer adds them to what it writes', async () => {
    const options = optionsOf();
    const model = modelOf(options);
    const { graph } = model;
    // Rows of hidden neurons as what a Gemm adds to its product.
    const [reader] = hiddenReaders(model);
    const rows = graph.addNode({ op: 'Flatten', inputs: [reader.inputs[0]], attributes: { axis: 2 } }).outputs[0]!;
    const weight = graph.addInitializer(
      'more',
      Tensor.float32([HIDDEN, HIDDEN / 2], new Float32Array(HIDDEN ** 2 / 2)),
    );
    const narrow = graph.addNode({ op: 'MatMul', inputs: [rows, weight] }).outputs[0]!;
    const back = graph.addInitializer(
      'back',
      Tensor.float32([HIDDEN / 2, HIDDEN], new Float32Array(HIDDEN ** 2 / 2).fill(0.01)),
    );
    const sum = graph.addNode({ op: 'Gemm', inputs: [narrow, back, rows] }).outputs[0]!;
    const last = graph.addInitializer('last', Tensor.float32([HIDDEN, 8], new Float32Array(8 * HIDDEN).fill(0.02)));
    const answer = graph.addNode({ op: 'MatMul', inputs: [sum, last] }).outputs[0]!;
    answer.type = { elementType: 'FLOAT', shape: undefined };
    graph.outputs.push(answer);
    const padded = cloneModel(model);
    padHidden(padded);
    expect(hiddenWidths(padded)).toEqual(new Array(7).fill(HIDDEN + 16));
    await expectSameAnswers(model, padded, transformerFeeds(options, 2, 6) as Feeds);
  });

  it('stay as they are where they are an answer, are read by what is not followed, or share weights with it', async () => {
    const options = optionsOf();
    const asAnswer = modelOf(options);
    const [reader] = hiddenReaders(asAnswer);
    reader.inputs[0]!.type = { elementType: 'FLOAT', shape: undefined };
    asAnswer.graph.outputs.push(reader.inputs[0]!);

    const einsum = modelOf(optionsOf({ linear: 'einsum' }));

    const shared = modelOf(options);
    const [first] = hiddenReaders(shared);
    const rows = shared.graph.addNode({
      op: 'Gather',
      inputs: [first.inputs[1], shared.graph.addInitializer('row', Tensor.int64([1], [0]))],
      outputs: ['rows_of_weights'],
    }).outputs[0]!;
    rows.type = { elementType: 'FLOAT', shape: undefined };
    shared.graph.outputs.push(rows);

    for (const [model, untouched] of [
      [asAnswer, 2],
      [einsum, 4],
      [shared, 2],
    ] as const) {
      const padded = cloneModel(model);
      padHidden(padded);
      expect(hiddenWidths(padded).filter((width) => width === HIDDEN)).toHaveLength(untouched);
      const feeds = transformerFeeds(options, 1, 4) as Feeds;
      await expectSameAnswers(model, padded, feeds);
    }
  });

  it('get them when weights are asked for, not before: large models lie in files', () => {
    const model = modelOf(optionsOf());
    let fetched = 0;
    const matrices = model.graph.initializers.filter(
      ({ tensor: { dims } = {} }) => dims?.length === 2 && dims.includes(HIDDEN),
    );
    for (const value of matrices) {
      const { dataType, dims } = value.tensor!;
      const bytes = value.tensor!.bytes();
      value.tensor = new Tensor(dataType, dims, () => {
        fetched++;
        return bytes;
      });
    }
    padHidden(model);
    expect(hiddenWidths(model)).toEqual(new Array(4).fill(HIDDEN + 16));
    expect(fetched).toBe(0);
    const [first] = matrices;
    expect(first.tensor!.bytes()).toHaveLength(first.tensor!.byteLength);
    expect(fetched).toBe(1);
  });

  it('show their own neurons alone to those who look at them', async () => {
    const options = optionsOf();
    const model = modelOf(options);
    const shapes = inferShapes(model);
    const hidden = hiddenReaders(model).map(({ inputs }) => inputs[0]!);
    expect(hidden.map((value) => shapes.shape(value)?.at(-1))).toEqual([HIDDEN, HIDDEN]);
    const taps: Tap[] = hidden.flatMap((value) => {
      const axes = { rank: 3, feature: 2, width: HIDDEN };
      const all = rowsTap(value, axes);
      return [
        { ...all, name: `all/${value.name}` },
        { ...rowsTap(value, { ...axes, rows: 3 }), name: `some/${value.name}` },
        { name: `whole/${value.name}`, build: (own: Model) => own.graph.value(value.name) },
      ];
    });
    expect(hiddenWidths(addTaps(model, taps))).toContain(HIDDEN + 16);
    const samples = [transformerFeeds(options, 1, 5) as Feeds];
    const seen: Feeds[] = [];
    await runTapped({ model, taps, runtime, calibration: tensors(samples) }, (outputs) => {
      seen.push(outputs);
    });
    const plain = cloneModel(model);
    for (const value of hidden) {
      const own = plain.graph.value(value.name);
      own.type = { elementType: 'FLOAT', shape: undefined };
      plain.graph.outputs.push(own);
    }
    const expected = await answersOf(plain, samples[0]);
    for (const { name } of hidden) {
      const { data } = expected[name];
      for (const view of ['all', 'whole']) {
        expect(seen[0][`${view}/${name}`].data).toHaveLength(data.length);
        expect(relativeError(seen[0][`${view}/${name}`].data as Float32Array, data as Float32Array)).toBeLessThan(1e-5);
      }
      expect(seen[0][`some/${name}`].dims).toEqual([3, 1, HIDDEN]);
    }
  });
});

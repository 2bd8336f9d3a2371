import { cloneModel, type Model } from '@snp/onnx';
import { type Feeds, onnxRuntime, tensors } from '@snp/runtime';
import {
  buildSpelled,
  GraphBuilder,
  HEAD_REPEATS,
  PLAIN_ATTENTION,
  PLAIN_SPELLED,
  PLAIN_SPELLED_BLOCK,
  random,
  relativeError,
  runModel,
  type SpelledSpec,
  spelledFeeds,
} from '@snp/testing';
import { describe, expect, it } from 'vitest';
import {
  applyPlan,
  calibrate,
  checkPlan,
  compensate,
  emptyPlan,
  laneWidth,
  open,
  prune,
  solveCompensation,
} from '../support/core.js';
import { compareOutputs } from '../support/equivalence.js';

const runtime = onnxRuntime();

const SIZES = { heads: 6, keyHeads: 2, queryKey: 8, value: 8 };

/** A model of two layers, whose keys and values serve three queries each. */
function grouped(attention: Partial<SpelledSpec['blocks'][number]['attention']>, head = SIZES): SpelledSpec {
  const block = { ...PLAIN_SPELLED_BLOCK, attention: { ...PLAIN_ATTENTION, ...head, ...attention } };
  return { ...PLAIN_SPELLED, opset: 23, width: 24, blocks: [block, block] };
}

const samplesOf = (model: Model, count: number, first = 0) =>
  tensors(
    async function* () {
      for (let seed = first; seed < first + count; seed++) yield rowsOf(spelledFeeds(model, seed));
    },
    { count },
  );

/** One sample of a batch. */
function rowsOf(feeds: Feeds): Feeds {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { type, dims, data }]) => [
      name,
      { type, dims: [1, ...dims.slice(1)], data: data.slice(0, data.length / dims[0]) },
    ]),
  ) as Feeds;
}

async function outcomes(spec: SpelledSpec, ratios = { 'query-key': 0.5, value: 0.25 }) {
  const { model } = buildSpelled(spec);
  const { report } = await prune(model, { ratios, calibration: samplesOf(model, 32), runtime });
  return [
    ...new Set(
      report.groups.filter(({ removed }) => removed.length > 0).map((own) => `${own.kind}: ${own.compensation}`),
    ),
  ].sort();
}

describe('keys and values that several queries share', () => {
  it.each(Object.keys(HEAD_REPEATS) as (keyof typeof HEAD_REPEATS)[])(
    'are mixed where they are repeated by %s',
    async (repeat) => {
      expect(await outcomes(grouped({ repeat }))).toEqual(['query-key: done', 'value: done']);
    },
  );

  it.each(['operator-rank-4', 'operator-rank-3'] as const)('are mixed in front of an operator: %s', async (core) => {
    expect(await outcomes(grouped({ core }))).toEqual(['query-key: done', 'value: done']);
  });

  it('are mixed where there is one for all', async () => {
    expect(await outcomes(grouped({}, { ...SIZES, keyHeads: 1 }))).toEqual(['query-key: done', 'value: done']);
  });

  it('are picked in pairs where positions rotate them, with the reason', async () => {
    expect(await outcomes(grouped({ rotary: 'halves' }))).toEqual([
      expect.stringMatching(/^query-key: picking: has neurons that go in pairs/),
      'value: done',
    ]);
  });

  it('leave an output projection that nothing better fits the values that stay, of each query', async () => {
    const { model } = buildSpelled({
      ...grouped({ repeat: 'tile' }),
      blocks: grouped({ repeat: 'tile' }).blocks.slice(0, 1),
    });
    const calibration = samplesOf(model, 64);
    const result = await prune(model, {
      ratios: { value: 0.5 },
      calibration,
      runtime,
      reconstruct: false,
      holdBack: false,
    });
    const value = result.analysis.groups.find(({ kind }) => kind === 'value')!;
    const { name } = value.members.find(({ role }) => role === 'input')!.initializer;
    const before = await projectionRows(result.analysis.model, name);
    const after = await projectionRows(result.model, name);
    // Least squares: what is missing of the projection's output is uncorrelated with each input that stays.
    const { inputs, outputs: got } = after;
    const missing = before.outputs.map((row, at) => row.map((x, o) => x - got[at][o]));
    const mean = (rows: number[][], at: number) => rows.reduce((sum, row) => sum + row[at], 0) / rows.length;
    const width = inputs[0].length;
    expect(width).toBe(SIZES.heads * (SIZES.value / 2));
    const size = Math.sqrt(
      mean(
        before.outputs.map((row) => [row.reduce((sum, x) => sum + x * x, 0) / row.length]),
        0,
      ),
    );
    for (let o = 0; o < got[0].length; o++) {
      expect(Math.abs(mean(missing, o)) / size).toBeLessThan(1e-3);
      for (let i = 0; i < width; i++) {
        const [mi, mo] = [mean(inputs, i), mean(missing, o)];
        const covariance = mean(
          inputs.map((row, at) => [(row[i] - mi) * (missing[at][o] - mo)]),
          0,
        );
        const variance = mean(
          inputs.map((row) => [(row[i] - mi) ** 2]),
          0,
        );
        expect(Math.abs(covariance) / Math.sqrt(variance) / size).toBeLessThan(5e-3);
      }
    }
  });
});

/** Rows of what the output projection of the only attention reads and gives, bias included, over the calibration samples. */
async function projectionRows(model: Model, weight: string): Promise<{ inputs: number[][]; outputs: number[][] }> {
  const whole = cloneModel(model);
  const { graph } = whole;
  const product = graph.value(weight).consumers[0];
  const [add] = product.outputs[0]!.consumers;
  const names = [product.inputs[0]!, add.outputs[0]!].map((value) => {
    value.type = { elementType: 'FLOAT', shape: undefined };
    graph.outputs.push(value);
    return value.name;
  });
  const rows: number[][][] = [[], []];
  for (let seed = 0; seed < 64; seed++) {
    const found = await runModel(whole, rowsOf(spelledFeeds(model, seed)) as never);
    for (const [at, name] of names.entries()) {
      const { dims, data } = found[name];
      const width = dims.at(-1)!;
      for (let from = 0; from < data.length; from += width)
        rows[at].push(Array.from(data.slice(from, from + width), Number));
    }
  }
  return { inputs: rows[0], outputs: rows[1] };
}

/** An attention of one head whose answers of all tokens lie side by side in front of a layer. */
function sideBySide(tokens: number, width: number): Model {
  const draw = random(6);
  const builder = new GraphBuilder('side-by-side');
  const x = builder.input('x', 'FLOAT', ['batch', tokens, 6]);
  const project = (name: string, from: number, to: number, of: typeof x) => {
    const data = Float32Array.from({ length: from * to }, () => draw.normal());
    return builder.op('', 'MatMul', [of, builder.weight(name, [from, to], data)]);
  };
  const [q, k, v] = ['q', 'k', 'v'].map((name, at) => project(name, 6, at === 2 ? width : 4, x));
  const turned = builder.op('', 'Transpose', [k], { perm: [0, 2, 1] });
  const map = builder.op('', 'Softmax', [builder.op('', 'MatMul', [q, turned])], { axis: -1 });
  const flat = builder.op('', 'Flatten', [builder.op('', 'MatMul', [map, v])], { axis: 1 });
  builder.output(project('head', tokens * width, 4, flat), 'y', 'FLOAT', ['batch', 4]);
  return builder.model;
}

describe('values of all tokens side by side', () => {
  const compensationOf = async (tokens: number, width: number) => {
    const model = sideBySide(tokens, width);
    const draw = random(8);
    const samples = Array.from({ length: 16 }, () => ({
      x: {
        type: 'FLOAT' as const,
        dims: [1, tokens, 6],
        data: Float32Array.from({ length: 6 * tokens }, () => draw.normal()),
      },
    }));
    const calibration = tensors(() => samples, { count: samples.length });
    const { report } = await prune(model, { ratios: { value: 0.5 }, calibration, runtime });
    return report.groups.find(({ kind }) => kind === 'value')!.compensation;
  };

  it('are mixed for all places at which they are read, but for too many', async () => {
    expect(await compensationOf(5, 8)).toBe('done');
    expect(await compensationOf(40, 256)).toMatch(/is read at 40 places for each neuron, 10240 in all/);
  });
});

describe('what compensation makes of weights', () => {
  const forms = {
    'own keys': PLAIN_SPELLED,
    'shared keys': grouped({}),
    'shared keys, rotated': grouped({ rotary: 'halves' }),
    'rotated by pairs of neighbours': grouped({ rotary: 'neighbours-reshaped' }, { ...SIZES, keyHeads: 6 }),
    'without biases': grouped({ bias: false }),
  };
  // Sensitivity is measured and estimated by these weights, uncut.
  it.each(Object.keys(forms) as (keyof typeof forms)[])(
    'leaves nothing for the units that leave to do: %s',
    async (form) => {
      const { model } = buildSpelled(forms[form]);
      const context = await open(model, { calibration: samplesOf(model, 32), runtime });
      const statistics = await calibrate(context);
      for (const kind of ['full', 'ridge'] as const) {
        const compensations = await solveCompensation(context, statistics, { kind });
        for (const group of context.analysis.groups) {
          const compensation = compensations.neurons.get(group.id);
          if (!compensation) continue;
          const plan = emptyPlan(context.analysis);
          const keep = compensation.select(Math.ceil(laneWidth(group) / 2));
          plan.groups[group.id] = { units: group.units, lanes: group.lanes, keep };
          const { model: whole } = await compensate(context, checkPlan(plan, context.analysis), compensations);
          const cut = applyPlan(context.analysis, plan, whole);
          // A norm without the channels that left has another mean: the stream is cut with it.
          if (group.kind === 'residual') continue;
          const feeds = spelledFeeds(model, 99);
          const [want, got] = [await runModel(whole, feeds), await runModel(cut, feeds)];
          expect(compareOutputs(Object.values(got), Object.values(want)), `${group.id}, ${kind}`).toBeLessThan(1e-4);
          expect(relativeError(numbersOf(await runModel(model, feeds)), numbersOf(got)), group.id).toBeGreaterThan(
            1e-7,
          );
        }
      }
    },
  );
});

function numbersOf(outputs: Awaited<ReturnType<typeof runModel>>): number[] {
  return Object.values(outputs).flatMap(({ data }) => Array.from(data, Number));
}

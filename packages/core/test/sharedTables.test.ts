import { dataTypeCode, Tensor, type Value } from '@snp/onnx';
import { GraphBuilder, normals, random, runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { applyPlan, CostModel, emptyPlan, prepare } from './support/core.js';
import { difference, randomPlan } from './support/equivalence.js';

const [TOKENS, WIDTH, HEADS, SIZE] = [5, 12, 2, 8];

/** Cosines and sines as all layers read them, and what turns queries or keys [batch, heads, tokens, size] with them. */
interface Tables {
  make: (b: GraphBuilder, positions: Value) => readonly Value[];
  turn: (b: GraphBuilder, x: Value, tables: readonly Value[], positions: Value) => Value;
}

const angle = (token: number, at: number) => token * 10 ** (-at / (SIZE / 2));

function stored(b: GraphBuilder, columns: number, rows = TOKENS): Value[] {
  return [Math.cos, Math.sin].map((f, at) =>
    b.weight(
      `table${at}`,
      [rows, columns],
      Float32Array.from({ length: rows * columns }, (_, i) =>
        f(angle(Math.floor(i / columns), (i % columns) % (SIZE / 2))),
      ),
    ),
  );
}

function turnHalves(b: GraphBuilder, x: Value, [cos, sin]: readonly Value[]): Value {
  const half = (from: number, to: number) =>
    b.op('', 'Slice', [x, b.ints('', [from]), b.ints('', [to]), b.ints('', [3])]);
  const turned = b.op('', 'Concat', [b.op('', 'Neg', [half(SIZE / 2, SIZE)]), half(0, SIZE / 2)], { axis: 3 });
  return b.op('', 'Add', [b.op('', 'Mul', [x, cos]), b.op('', 'Mul', [turned, sin])]);
}

/** The frequencies times the positions, by one operator or another; twice beside itself. */
function computed(b: GraphBuilder, positions: Value, outer: 'MatMul' | 'Einsum' | 'Mul'): Value[] {
  const frequencies = Float32Array.from({ length: SIZE / 2 }, (_, at) => angle(1, at));
  const numbers = b.op('', 'Cast', [positions], { to: dataTypeCode('FLOAT') });
  const column = b.op('', 'Unsqueeze', [numbers, b.ints('', [1])]);
  const angles =
    outer === 'Einsum'
      ? b.op('', 'Einsum', [numbers, b.weight('frequencies', [SIZE / 2], frequencies)], { equation: 'i,j->ij' })
      : b.op('', outer, [column, b.weight('frequencies', [1, SIZE / 2], frequencies)]);
  const both = b.op('', 'Concat', [angles, angles], { axis: 1 });
  return ['Cos', 'Sin'].map((f) => b.op('', f, [both]));
}

const TABLES: Readonly<Record<string, Tables>> = {
  'stored tables': { make: (b) => stored(b, SIZE), turn: turnHalves },
  'stored tables, cut to size in every layer': {
    make: (b) => stored(b, SIZE, 2 * TOKENS),
    turn: (b, x, tables) =>
      turnHalves(
        b,
        x,
        tables.map((own) => b.op('', 'Slice', [own, b.ints('', [0]), b.ints('', [TOKENS]), b.ints('', [0])])),
      ),
  },
  'tables gathered by position': {
    make: (b, positions) => stored(b, SIZE, 2 * TOKENS).map((own) => b.op('', 'Gather', [own, positions], { axis: 0 })),
    turn: turnHalves,
  },
  'tables gathered by position, unsqueezed in every layer': {
    make: (b, positions) => stored(b, SIZE, 2 * TOKENS).map((own) => b.op('', 'Gather', [own, positions], { axis: 0 })),
    turn: (b, x, tables) =>
      turnHalves(
        b,
        x,
        tables.map((own) => b.op('', 'Unsqueeze', [own, b.ints('', [0])])),
      ),
  },
  'frequencies times positions by MatMul': { make: (b, p) => computed(b, p, 'MatMul'), turn: turnHalves },
  'frequencies times positions by Einsum': { make: (b, p) => computed(b, p, 'Einsum'), turn: turnHalves },
  'frequencies times positions by Mul': { make: (b, p) => computed(b, p, 'Mul'), turn: turnHalves },
  'the operator of onnxruntime': {
    make: (b) => stored(b, SIZE / 2, 2 * TOKENS),
    turn: (b, x, tables, positions) =>
      b.contrib('', 'RotaryEmbedding', [x, b.op('', 'Unsqueeze', [positions, b.ints('', [0])]), ...tables]),
  },
  'the operator of ONNX': {
    make: (b) => stored(b, SIZE / 2, 2 * TOKENS),
    turn: (b, x, tables, positions) =>
      b.op('', 'RotaryEmbedding', [x, ...tables, b.op('', 'Unsqueeze', [positions, b.ints('', [0])])]),
  },
};

/** Two layers of attention, one after the other, that turn their queries and keys by the same tables. */
function twoLayers({ make, turn }: Tables): GraphBuilder {
  const b = new GraphBuilder('tables', { opset: 23 });
  const x = b.input('x', 'FLOAT', [1, TOKENS, WIDTH]);
  const positions = b.input('positions', 'INT64', [TOKENS]);
  const linear = (own: Value, name: string, from: number, to: number) =>
    b.op('', 'MatMul', [
      own,
      b.weight(
        name,
        [from, to],
        Float32Array.from(normals(random(3, name), from * to), (n) => n / 3),
      ),
    ]);
  const heads = (own: Value) =>
    b.op('', 'Transpose', [b.op('', 'Reshape', [own, b.ints('', [1, TOKENS, HEADS, SIZE])])], { perm: [0, 2, 1, 3] });
  const tables = make(b, positions);
  let stream = x;
  for (const layer of [0, 1]) {
    const [q, k, v] = ['q', 'k', 'v'].map((name) => heads(linear(stream, `${name}${layer}`, WIDTH, HEADS * SIZE)));
    const [turnedQ, turnedK] = [q, k].map((own) => turn(b, own, tables, positions));
    const keys = b.op('', 'Transpose', [turnedK], { perm: [0, 1, 3, 2] });
    const map = b.op('', 'Softmax', [b.op('', 'MatMul', [turnedQ, keys])], { axis: -1 });
    const mixed = b.op('', 'Transpose', [b.op('', 'MatMul', [map, v])], { perm: [0, 2, 1, 3] });
    const merged = b.op('', 'Reshape', [mixed, b.ints('', [1, TOKENS, HEADS * SIZE])]);
    stream = b.op('', 'Add', [stream, linear(merged, `o${layer}`, HEADS * SIZE, WIDTH)]);
  }
  b.output(stream, 'y', 'FLOAT', [1, TOKENS, WIDTH]);
  return b;
}

const feeds = {
  x: { type: 'FLOAT', dims: [1, TOKENS, WIDTH], data: Float32Array.from(normals(random(5), TOKENS * WIDTH)) },
  positions: { type: 'INT64', dims: [TOKENS], data: BigInt64Array.from([0n, 1n, 2n, 3n, 4n]) },
} as const;

describe.each(Object.entries(TABLES))('layers that share %s', (_, tables) => {
  const { model } = twoLayers(tables);
  const analysis = prepare(model);
  const queries = analysis.groups.filter(({ kind }) => kind === 'query-key');

  it('have query/key groups of their own', () => {
    expect(queries.map(({ id }) => id)).toEqual(['blocks.0.query-key', 'blocks.1.query-key']);
  });

  it('equal the masked original where they keep different neurons, and different numbers of them', async () => {
    for (const seed of [1, 2, 3])
      for (const shares of [
        [0.5, 0.5],
        [0.25, 0.75],
        [1, 0.5],
      ]) {
        const plans = queries.map((group, at) => randomPlan(analysis, (own) => own === group, shares[at], seed));
        const plan = { ...plans[0], groups: { ...plans[0].groups, ...plans[1].groups } };
        expect(await difference(analysis, plan, feeds)).toBeLessThan(1e-5);
        const widths = queries.map(({ id, units, lanes }) => (plan.groups[id]?.keep.length ?? units) / lanes);
        expect(widths).toEqual(shares.map((share) => Math.max(1, Math.round((SIZE / 2) * share))));
      }
  });

  it('answer the same where nothing leaves', async () => {
    const [want, got] = [await runModel(model, feeds), await runModel(applyPlan(analysis, emptyPlan(analysis)), feeds)];
    expect(got.y.data).toEqual(want.y.data);
  });
});

it('cuts a table that all readers need alike', () => {
  const { model } = twoLayers(TABLES['stored tables']);
  const analysis = prepare(model);
  const plan = emptyPlan(analysis);
  for (const { id, units, lanes, kind } of analysis.groups)
    if (kind === 'query-key') plan.groups[id] = { units, lanes, keep: [0, 2] };
  const pruned = applyPlan(analysis, plan);
  expect(pruned.graph.value('table0').tensor!.dims).toEqual([TOKENS, 4]);
  expect(pruned.graph.nodes.some(({ op }) => op === 'Gather')).toBe(false);
});

it('leaves a table alone that is a weight elsewhere', () => {
  const b = twoLayers(TABLES['stored tables']);
  const { graph } = b.model;
  const more = b.op('', 'MatMul', [b.input('z', 'FLOAT', [3, TOKENS]), graph.value('table0')]);
  b.output(
    b.op('', 'MatMul', [more, b.weight('w', [SIZE, 2], new Float32Array(SIZE * 2).fill(0.5))]),
    'u',
    'FLOAT',
    [3, 2],
  );
  const groups = prepare(b.model, { allowNothing: true }).groups.filter(({ members }) =>
    members.some(({ initializer }) => initializer.name === 'table0'),
  );
  expect(groups).toHaveLength(1);
});

describe('a vector that layers share by chance behind a Cast', () => {
  const b = new GraphBuilder('cast');
  const x = b.input('x', 'FLOAT', [TOKENS, 6]);
  const weight = (name: string, dims: number[]) =>
    b.weight(
      name,
      dims,
      Float32Array.from(
        normals(
          random(3, name),
          dims.reduce((n, dim) => n * dim, 1),
        ),
      ),
    );
  const half = b.model.graph.addInitializer('bias', Tensor.fromNumbers('FLOAT16', [10], normals(random(4), 10)));
  const bias = b.op('', 'Unsqueeze', [b.op('', 'Cast', [half], { to: dataTypeCode('FLOAT') }), b.ints('', [0])]);
  let stream = x;
  for (const layer of [0, 1]) {
    const hidden = b.op('', 'Relu', [
      b.op('', 'Add', [b.op('', 'MatMul', [stream, weight(`up${layer}`, [6, 10])]), bias]),
    ]);
    stream = b.op('', 'Add', [stream, b.op('', 'MatMul', [hidden, weight(`down${layer}`, [10, 6])])]);
  }
  b.output(stream, 'y', 'FLOAT', [TOKENS, 6]);
  const analysis = prepare(b.model);

  it('leaves the layers apart', async () => {
    expect(analysis.groups.map(({ units }) => units)).toEqual([10, 10]);
    const own = {
      x: { type: 'FLOAT', dims: [TOKENS, 6], data: Float32Array.from(normals(random(6), TOKENS * 6)) },
    } as const;
    for (const seed of [1, 2])
      expect(
        await difference(
          analysis,
          randomPlan(analysis, () => true, 0.5, seed),
          own,
        ),
      ).toBeLessThan(1e-5);
  });

  it('is counted for each of them', () => {
    const plan = randomPlan(analysis, ({ id }) => id === analysis.groups[0].id, 0.5, 1);
    const pruned = applyPlan(analysis, plan);
    const params = pruned.graph.initializers.reduce(
      (sum, { tensor }) => sum + (tensor!.dataType.startsWith('FLOAT') ? tensor!.size : 0),
      0,
    );
    expect(new CostModel(analysis).at({ [analysis.groups[0].id]: 5 }).params).toBe(params);
  });
});

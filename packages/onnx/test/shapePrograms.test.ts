import { describe, expect, it } from 'vitest';
import {
  cloneModel,
  countAxesFromEnd,
  evaluateDim,
  foldConstants,
  inferShapes,
  isKnownDim,
  type Model,
  removeRoundTrips,
  simplifyShapes,
  type Value,
} from '../src/index.js';
import { Draw } from './conformance/draw.js';
import { expectSameAnswers, freeDimensions, randomFeeds } from './support/answers.js';
import { addInput, apply, emptyModel, floats, int, ints } from './support/graphs.js';
import { plainSession } from './support/runtime.js';

/** Random graphs; `SNP_PROGRAM_RUNS=5000 npx vitest run test/shapePrograms.test.ts` is a long run. */
const RUNS = Number(process.env.SNP_PROGRAM_RUNS ?? 100);
const SEED = Number(process.env.SNP_PROGRAM_SEED ?? 1);

type Results = Readonly<Record<string, { readonly dims: readonly number[] }>>;

/** A graph that computes sizes while it runs, in the ways exporters do, and reshapes, expands and slices by them. */
class Program {
  readonly model: Model;
  readonly data: Value[];
  /** Integer vectors, and scalars as vectors of one. */
  readonly vectors: Value[] = [];
  readonly outputs = new Set<Value>();

  constructor(readonly r: Draw) {
    this.model = emptyModel(r.pick([12, 13, 17, 18, 21]));
    this.data = [
      addInput(this.model, 'x', ['batch', 'seq', 6]),
      addInput(this.model, 'y', ['batch', 4, r.pick(['seq', 'other', 3])]),
      addInput(this.model, 'z', [r.pick(['seq', 'past+seq', 1]), 'past']),
    ];
    for (const value of this.data) this.vectors.push(this.op('Shape', [value]));
    for (let step = r.int(3, 14); step > 0; step--) this.arithmetic();
    for (let step = r.int(1, 5); step > 0; step--) this.use();
    for (const value of this.outputs) this.model.graph.outputs.push(value);
  }

  op(op: string, inputs: Value[], attributes = {}): Value {
    return apply(this.model, op, inputs, attributes);
  }

  list(...items: number[]): Value {
    return this.model.graph.addInitializer('list', ints(...items));
  }

  /** One element of a vector, or a small number. */
  element(): Value {
    const { r } = this;
    if (r.chance(0.25)) return this.list(r.pick([-1, 0, 1, 2, 3, 7, 64]));
    return this.op('Gather', [r.pick(this.vectors), this.list(r.pick([0, 0, -1]))], { axis: 0 });
  }

  arithmetic(): void {
    const { r } = this;
    const [a, b] = [this.element(), this.element()];
    const made = {
      joined: () => this.op('Concat', [a, b, ...(r.chance() ? [this.element()] : [])], { axis: 0 }),
      computed: () => this.op(r.pick(['Add', 'Sub', 'Mul', 'Max', 'Min']), [a, b]),
      divided: () => this.op(r.pick(['Div', 'Mod']), [a, this.list(r.pick([1, 2, 3, 4, -2]))]),
      whole: () => this.op(r.pick(['Add', 'Mul', 'Max', 'Sub']), [r.pick(this.vectors), a]),
      cut: () =>
        this.op('Slice', [
          r.pick(this.vectors),
          this.list(r.int(-3, 2)),
          this.list(r.pick([-1, 1, 2, 3, 2 ** 31 - 1])),
        ]),
      filled: () =>
        this.op('Mul', [
          this.op('ConstantOfShape', [this.op('Shape', [r.pick(this.vectors)])], { value: ints(1) }),
          this.list(r.int(-2, 2)),
        ]),
      chosen: () => this.op('Where', [this.op(r.pick(['Equal', 'Less', 'Greater']), [a, b]), a, this.element()]),
      floated: () =>
        this.op(
          'Cast',
          [
            this.op(r.pick(['Floor', 'Ceil', 'Sqrt', 'Neg', 'Round']), [
              this.op(r.pick(['Div', 'Mul']), [
                this.op('Cast', [a], { to: 1 }),
                this.model.graph.addInitializer('f', floats([1], [r.pick([0.5, 2, 3, 0.7])])),
              ]),
            ]),
          ],
          { to: 7 },
        ),
      product: () => this.op('ReduceProd', [r.pick(this.vectors)], { keepdims: 1 }),
      through: () => this.op('Cast', [this.op('Cast', [a], { to: r.pick([6, 1, 11, 10]) })], { to: 7 }),
      tested: () =>
        this.op(
          'Cast',
          [this.op('And', [this.op('Less', [a, b]), this.op('Not', [this.op('Cast', [b], { to: 9 })])])],
          { to: 7 },
        ),
    };
    this.vectors.push(made[r.pick(Object.keys(made) as (keyof typeof made)[])]());
  }

  /** Data under a shape that was computed. */
  use(): void {
    const { r } = this;
    const x = r.pick(this.data);
    const rank = inferShapes(this.model).shape(x)?.length ?? 3;
    const size = (axis: number) => this.op('Gather', [this.op('Shape', [x]), this.list(axis)], { axis: 0 });
    const made = {
      flattened: () => this.op('Reshape', [x, this.op('Concat', [size(0), this.list(-1)], { axis: 0 })]),
      product: () =>
        this.op('Reshape', [x, this.op('Concat', [this.op('Mul', [size(0), size(-1)]), this.list(-1)], { axis: 0 })]),
      split: () =>
        this.op('Reshape', [
          x,
          this.op('Concat', [...Array.from({ length: rank }, (_, axis) => size(axis)), this.list(1)], { axis: 0 }),
        ]),
      // Not with 0, which says "copy".
      asComputed: () => this.op('Reshape', [x, this.op('Max', [r.pick(this.vectors), this.list(1)])]),
      spread: () => this.op('Expand', [x, this.op('Max', [this.op('Shape', [x]), this.list(1)])]),
      expanded: () => this.op('Expand', [x, r.pick(this.vectors)]),
      zeros: () =>
        this.op('Add', [
          this.op('ConstantOfShape', [this.op('Shape', [x])]),
          r.pick([x, this.model.graph.addInitializer('token', floats([1, 1], [r.pick([0.5, -0])]))]),
        ]),
      turned: () =>
        this.op('Transpose', [this.op('Transpose', [x], { perm: [...Array(rank).keys()].reverse() })], {
          perm: [...Array(rank).keys()].reverse(),
        }),
      sliced: () => this.op('Slice', [x, this.list(0), this.element(), this.list(r.int(0, rank - 1))]),
      ranged: () =>
        this.op(
          'Cast',
          [
            this.op('Range', [
              this.model.graph.addInitializer('zero', int(0)),
              this.op('Squeeze', [this.op('Abs', [this.element()])]),
              this.model.graph.addInitializer('one', int(1)),
            ]),
          ],
          { to: 1 },
        ),
      added: () => this.op('Add', [x, r.pick(this.data)]),
      // Of what is empty, runtimes make means of different shapes.
      mean: () =>
        this.model.opset < 18
          ? this.op('ReduceMean', [this.data[0]], { axes: [2] })
          : this.op('ReduceMean', [this.data[0], this.list(2)]),
    };
    const value = made[r.pick(Object.keys(made) as (keyof typeof made)[])]();
    this.data.push(value);
    this.outputs.add(value);
    if (r.chance(0.3)) this.outputs.add(r.pick(this.vectors));
  }
}

const SIZES = [1, 2, 3, 5];

function feedsOf(model: Model, r: Draw) {
  return [0, 1, 2].map((round) =>
    Object.fromEntries(freeDimensions(model).map((name) => [name, round === 0 ? 1 : r.pick(SIZES)])),
  );
}

/** Sizes are taken as at least 1. */
const isFilled = (answer: Results) => Object.values(answer).every(({ dims }) => !dims.includes(0));

/** Hands out everything, and expects what inference claims to be so. Returns how many claims there were. */
async function expectClaims(model: Model, sizes: Record<string, number>): Promise<number> {
  const shapes = inferShapes(model);
  const exposed = cloneModel(model);
  const { graph } = exposed;
  graph.outputs.length = 0;
  for (const value of graph.nodes.flatMap((node) => node.outputs as Value[])) {
    value.type = { elementType: shapes.elementType(model.graph.value(value.name))!, shape: undefined };
    graph.outputs.push(value);
  }
  const session = await plainSession(exposed).catch(() => undefined);
  const results = await session?.run(randomFeeds(model, sizes)).catch(() => undefined);
  await session?.release();
  if (!results || !isFilled(results)) return 0;
  let claims = 0;
  for (const [name, actual] of Object.entries(results)) {
    const value = model.graph.value(name);
    const said = `${name} for ${JSON.stringify(sizes)}`;
    const shape = shapes.shape(value);
    for (const [axis, dim] of shape?.entries() ?? []) {
      if (!isKnownDim(dim)) continue;
      claims++;
      expect(evaluateDim(dim, sizes), `axis ${axis} of ${said}, claimed to be ${dim}`).toBe(actual.dims[axis]);
    }
    if (actual.type === 'float16') continue;
    const numbers = Array.from(actual.data as ArrayLike<number | bigint>, Number);
    for (const [index, item] of shapes.content(value)?.entries() ?? []) {
      if (!isKnownDim(item)) continue;
      claims++;
      expect(evaluateDim(item, sizes) + 0, `element ${index} of ${said}, claimed to be ${item}`).toBe(
        numbers[index] + 0,
      );
    }
  }
  return claims;
}

describe('graphs that compute shapes', () => {
  it('answer as before once they are folded and simplified, and hold what is inferred of them', {
    timeout: 600_000 + 100 * RUNS,
  }, async () => {
    let [ran, claims] = [0, 0];
    for (let run = 0; run < RUNS; run++) {
      const r = new Draw(SEED * 1_000_003 + run);
      const { model } = new Program(r);
      const types = inferShapes(model);
      for (const output of model.graph.outputs)
        output.type = { elementType: types.elementType(output)!, shape: undefined };
      const sizes = feedsOf(model, r);
      const session = await plainSession(model).catch(() => undefined);
      // What contradicts itself for all sizes does not load.
      if (!session) continue;
      await session.release();
      const prepared = cloneModel(model);
      foldConstants(prepared);
      simplifyShapes(prepared);
      removeRoundTrips(prepared);
      countAxesFromEnd(prepared);
      try {
        ran += await expectSameAnswers(
          model,
          prepared,
          sizes.map((own, at) => randomFeeds(model, own, at + 1)),
          { counts: isFilled },
        );
        for (const own of sizes) claims += await expectClaims(model, own);
      } catch (error) {
        throw new Error(`Seed ${SEED * 1_000_003 + run}: ${(error as Error).message}`, { cause: error });
      }
    }
    expect(ran).toBeGreaterThan(RUNS / 2);
    expect(claims).toBeGreaterThan(20 * RUNS);
  });
});

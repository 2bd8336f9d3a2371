import { foldConstants, type Model, Tensor, type Value } from '@snp/onnx';
import { GraphBuilder, normals, random, relativeError, runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { maskedModel } from '../support/core.js';

const WIDTH = 12;
const KEPT = [0, 2, 3, 7, 8, 10, 11];
const ALL = Array.from({ length: WIDTH }, (_, at) => at);

/** Normalises the last axis of [batch, tokens, width]. */
type Spelling = (norm: Parts) => Value;

interface Parts {
  builder: GraphBuilder;
  op: (op: string, ...inputs: Value[]) => Value;
  /** With axes as an attribute or an input, as the operator set has it. */
  reduce: (op: string, x: Value, axis?: number) => Value;
  number: (value: number) => Value;
  x: Value;
  /** Channels that there are. */
  width: number;
  scale: Value;
  shift: Value;
}

const EPSILON = 1e-5;

const centred = ({ op, reduce, x }: Parts) => op('Sub', x, reduce('ReduceMean', x));
const affine = ({ op, scale, shift }: Parts, normal: Value) => op('Add', op('Mul', normal, scale), shift);
const deviationOf = ({ op, number }: Parts, variance: Value) => op('Sqrt', op('Add', variance, number(EPSILON)));

/** What is divided by the root of what, given how a variance comes of squares. */
const byVariance =
  (variance: (parts: Parts, squares: Value) => Value): Spelling =>
  (parts) => {
    const own = centred(parts);
    const squares = parts.op('Mul', own, own);
    return affine(parts, parts.op('Div', own, deviationOf(parts, variance(parts, squares))));
  };

const SPELLINGS: Readonly<Record<string, Spelling>> = {
  'means over the last axis': byVariance(({ reduce }, squares) => reduce('ReduceMean', squares)),
  'axes counted from the front': byVariance(({ reduce }, squares) => reduce('ReduceMean', squares, 2)),
  'a sum divided by the width': byVariance(({ op, reduce, number, width }, squares) =>
    op('Div', reduce('ReduceSum', squares), number(width)),
  ),
  'a sum times the inverse of the width': byVariance(({ op, reduce, number, width }, squares) =>
    op('Mul', reduce('ReduceSum', squares), number(1 / width)),
  ),
  'the unbiased variance': byVariance(({ op, reduce, number, width }, squares) =>
    op('Div', reduce('ReduceSum', squares), number(width - 1)),
  ),
  'the unbiased variance from a mean': byVariance(({ op, reduce, number, width }, squares) =>
    op('Div', op('Mul', reduce('ReduceMean', squares), number(width)), number(width - 1)),
  ),
  'epsilon outside of the root': (parts) => {
    const { op, reduce, number } = parts;
    const own = centred(parts);
    const variance = reduce('ReduceMean', op('Pow', own, number(2)));
    return affine(parts, op('Div', own, op('Add', op('Sqrt', variance), number(EPSILON))));
  },
  'a power of minus a half': (parts) => {
    const { op, reduce, number } = parts;
    const own = centred(parts);
    const variance = op('Add', reduce('ReduceMean', op('Mul', own, own)), number(EPSILON));
    return affine(parts, op('Mul', own, op('Pow', variance, number(-0.5))));
  },
  'the scale before the division': (parts) => {
    const { op, reduce, scale, shift } = parts;
    const own = centred(parts);
    const deviation = deviationOf(parts, reduce('ReduceMean', op('Mul', own, own)));
    return op('Add', op('Div', op('Mul', own, scale), deviation), shift);
  },
  'differences computed twice': (parts) => {
    const { op, reduce } = parts;
    const squares = op('Mul', ...twice(centred(parts)));
    return affine(parts, op('Div', centred(parts), deviationOf(parts, reduce('ReduceMean', squares))));
  },
  'a factor and a summand, as TensorFlow writes it': (parts) => {
    const { op, reduce, x, scale, shift } = parts;
    const mean = reduce('ReduceMean', x);
    const own = op('Sub', x, mean);
    const inverse = op('Reciprocal', deviationOf(parts, reduce('ReduceMean', op('Mul', own, own))));
    const factor = op('Mul', inverse, scale);
    return op('Add', op('Mul', x, factor), op('Sub', shift, op('Mul', mean, factor)));
  },
  'a root mean square': (parts) => {
    const { op, reduce, number, x, scale } = parts;
    const size = deviationOf(parts, reduce('ReduceMean', op('Pow', x, number(2))));
    return op('Mul', op('Mul', x, op('Div', number(1), size)), scale);
  },
  'a root mean square from a sum of squares': (parts) => {
    const { op, reduce, number, x, scale, width } = parts;
    const size = deviationOf(parts, op('Div', reduce('ReduceSumSquare', x), number(width)));
    return op('Mul', op('Div', x, size), scale);
  },
  'no scale of its own': (parts) => {
    const { op, reduce } = parts;
    const own = centred(parts);
    return op('Div', own, deviationOf(parts, reduce('ReduceMean', op('Mul', own, own))));
  },
  'the operator': ({ builder, x, scale, shift }) =>
    builder.op('', 'LayerNormalization', [x, scale, shift], { axis: -1, epsilon: EPSILON }),
  // Sums of squares count no zeros: nothing has to be done.
  'a unit vector': ({ op, reduce, x, scale }) => op('Mul', op('Div', x, reduce('ReduceL2', x)), scale),
};

const twice = (value: Value): [Value, Value] => [value, value];

/** Files that are wrong, or about which nothing can be said: they must not pass. */
const WRONG: Readonly<Record<string, Spelling>> = {
  'keeps the unbiased width of the original': byVariance(({ op, reduce, number }, squares) =>
    op('Div', reduce('ReduceSum', squares), number(WIDTH - 1)),
  ),
  'keeps the width of the original': byVariance(({ op, reduce, number }, squares) =>
    op('Div', reduce('ReduceSum', squares), number(WIDTH)),
  ),
  'takes a mean of squares that only gates': ({ op, reduce, x, scale }) =>
    op('Mul', op('Mul', x, op('Sigmoid', reduce('ReduceMean', op('Mul', x, x)))), scale),
  'takes a mean that is added back': ({ op, reduce, x, scale }) =>
    op('Mul', op('Add', x, reduce('ReduceMean', x)), scale),
  'multiplies with the root of the mean of squares': (parts) => {
    const { op, reduce, x, scale } = parts;
    return op('Mul', op('Mul', x, deviationOf(parts, reduce('ReduceMean', op('Mul', x, x)))), scale);
  },
  'divides by another layer’s mean of squares': (parts) => {
    const { op, reduce, x, scale } = parts;
    const other = op('Tanh', x);
    return op('Mul', op('Div', x, deviationOf(parts, reduce('ReduceMean', op('Mul', other, other)))), scale);
  },
};

/** A layer, a norm, and a layer, with the channels of the norm that are kept. */
function model(spelling: Spelling, kept: readonly number[], opset: 17 | 20): Model {
  const builder = new GraphBuilder('norm', { opset });
  const weight = (name: string, dims: number[], axis: number) => {
    const size = dims.reduce((product, dim) => product * dim, 1);
    const whole = Tensor.float32(dims, Float32Array.from(normals(random(1, name), size)));
    const tensor = whole.take(axis, kept);
    return builder.weight(name, tensor.dims, Float32Array.from(tensor.numbers()));
  };
  const op = (name: string, ...inputs: Value[]) => builder.op('', name, inputs);
  const reduce = (name: string, x: Value, axis = -1) =>
    opset >= 18 || name === 'ReduceSum'
      ? builder.op('', name, [x, builder.ints('', [axis])], { keepdims: 1 })
      : builder.op('', name, [x], { axes: [axis], keepdims: 1 });
  const number = (value: number) => builder.weight('number', [], Float32Array.of(value));
  const x = op(
    'Add',
    op('MatMul', builder.input('x', 'FLOAT', [2, 3, 5]), weight('in', [5, WIDTH], 1)),
    weight('bias', [WIDTH], 0),
  );
  const [scale, shift] = [weight('scale', [WIDTH], 0), weight('shift', [WIDTH], 0)];
  const normal = spelling({ builder, op, reduce, number, x, width: kept.length, scale, shift });
  builder.output(op('MatMul', normal, weight('out', [WIDTH, 4], 0)), 'y', 'FLOAT', [2, 3, 4]);
  foldConstants(builder.model);
  builder.model.graph.removeDead();
  return builder.model;
}

/** How far the narrow model is from the masked wide one. */
async function difference(spelling: Spelling, opset: 17 | 20): Promise<number> {
  const whole = model(spelling, ALL, opset);
  const indices = ALL.filter((at) => !KEPT.includes(at));
  const axes = { in: 1, bias: 0, scale: 0, shift: 0, out: 0 };
  const removed = Object.entries(axes).flatMap(([initializer, axis]) =>
    whole.graph.values.has(initializer) ? [{ initializer, axis, indices }] : [],
  );
  const feeds = { x: { type: 'FLOAT', dims: [2, 3, 5], data: normals(random(7), 30) } } as const;
  const [masked, narrow] = [maskedModel(whole, removed), model(spelling, KEPT, opset)];
  const [want, got] = [await runModel(masked, feeds), await runModel(narrow, feeds)];
  return relativeError(got.y.data as Float32Array, Object.values(want)[0].data as Float32Array);
}

describe('the masked original', () => {
  it.each(Object.entries(SPELLINGS))('takes a norm over what stays: %s', async (_, spelling) => {
    for (const opset of [17, 20] as const) expect(await difference(spelling, opset)).toBeLessThan(1e-5);
  });

  it.each(Object.entries(WRONG))('differs from a file that %s', async (_, spelling) => {
    for (const opset of [17, 20] as const) expect(await difference(spelling, opset)).toBeGreaterThan(1e-3);
  });

  it('takes a norm of channels over those that stay', async () => {
    const picture = (kept: readonly number[]) => {
      const builder = new GraphBuilder('channels');
      const weight = (name: string, dims: number[], axis: number) => {
        const size = dims.reduce((product, dim) => product * dim, 1);
        const tensor = Tensor.float32(dims, Float32Array.from(normals(random(2, name), size))).take(axis, kept);
        return builder.weight(name, tensor.dims, Float32Array.from(tensor.numbers()));
      };
      const op = (name: string, inputs: Value[], attributes = {}) => builder.op('', name, inputs, attributes);
      const mean = (value: Value) => op('ReduceMean', [value], { axes: [1], keepdims: 1 });
      const x = op('Conv', [builder.input('x', 'FLOAT', [2, 3, 4, 4]), weight('in', [WIDTH, 3, 1, 1], 0)]);
      const own = op('Sub', [x, mean(x)]);
      const variance = op('Add', [
        mean(op('Mul', [own, own])),
        builder.weight('epsilon', [], Float32Array.of(EPSILON)),
      ]);
      const normal = op('Mul', [op('Div', [own, op('Sqrt', [variance])]), weight('scale', [WIDTH, 1, 1], 0)]);
      builder.output(op('Conv', [normal, weight('out', [4, WIDTH, 1, 1], 1)]), 'y', 'FLOAT', [2, 4, 4, 4]);
      return builder.model;
    };
    const indices = ALL.filter((at) => !KEPT.includes(at));
    const removed = Object.entries({ in: 0, scale: 0, out: 1 }).map(([initializer, axis]) => ({
      initializer,
      axis,
      indices,
    }));
    const feeds = { x: { type: 'FLOAT', dims: [2, 3, 4, 4], data: normals(random(7), 96) } } as const;
    const [want, got] = [
      await runModel(maskedModel(picture(ALL), removed), feeds),
      await runModel(picture(KEPT), feeds),
    ];
    expect(relativeError(got.y.data as Float32Array, want.y.data as Float32Array)).toBeLessThan(1e-5);
  });

  it('takes a norm in single precision between halves over what stays', async () => {
    const halves = (kept: readonly number[]) => {
      const builder = new GraphBuilder('halves');
      const half = (name: string, dims: number[], axis: number) => {
        const size = dims.reduce((product, dim) => product * dim, 1);
        const tensor = Tensor.fromNumbers('FLOAT16', dims, normals(random(3, name), size)).take(axis, kept);
        return builder.model.graph.addInitializer(name, tensor);
      };
      const op = (name: string, inputs: Value[], attributes = {}) => builder.op('', name, inputs, attributes);
      const cast = (value: Value, to: number) => op('Cast', [value], { to });
      const number = (value: number) => builder.weight('number', [], Float32Array.of(value));
      const x = op('MatMul', [cast(builder.input('x', 'FLOAT', [2, 3, 5]), 10), half('in', [5, WIDTH], 1)]);
      const single = cast(x, 1);
      const variance = op('ReduceMean', [op('Pow', [single, number(2)])], { axes: [-1], keepdims: 1 });
      const size = op('Sqrt', [op('Add', [variance, number(EPSILON)])]);
      const normal = cast(op('Div', [single, size]), 10);
      const y = op('MatMul', [op('Mul', [normal, half('scale', [WIDTH], 0)]), half('out', [WIDTH, 4], 0)]);
      builder.output(cast(y, 1), 'y', 'FLOAT', [2, 3, 4]);
      return builder.model;
    };
    const indices = ALL.filter((at) => !KEPT.includes(at));
    const removed = Object.entries({ in: 1, scale: 0, out: 0 }).map(([initializer, axis]) => ({
      initializer,
      axis,
      indices,
    }));
    const feeds = { x: { type: 'FLOAT', dims: [2, 3, 5], data: normals(random(7), 30) } } as const;
    const [want, got] = [await runModel(maskedModel(halves(ALL), removed), feeds), await runModel(halves(KEPT), feeds)];
    expect(relativeError(got.y.data as Float32Array, want.y.data as Float32Array)).toBeLessThan(5e-3);
  });

  // Channels behind the batch, in front of it, and on both sides of the tokens, all in one axis with them.
  it.each([
    { order: [0, 1, 2], joint: () => [-1] },
    { order: [2, 0, 1], joint: () => [-1, 3] },
    { order: [1, 0, 2], joint: (width: number) => [3, -1, 1, width] },
    { order: [1, 0, 2], joint: (width: number) => [-1, width, 1] },
    { order: [0, 2, 1], joint: () => [-1, 3] },
  ])('finds channels that were in one axis with others, one of free size: %j', async ({ order, joint }) => {
    const flattened = (kept: readonly number[]) => {
      const builder = new GraphBuilder('flattened');
      const weight = (name: string, dims: number[], axis: number) => {
        const size = dims.reduce((product, dim) => product * dim, 1);
        const tensor = Tensor.float32(dims, Float32Array.from(normals(random(2, name), size))).take(axis, kept);
        return builder.weight(name, tensor.dims, Float32Array.from(tensor.numbers()));
      };
      const op = (name: string, inputs: Value[], attributes = {}) => builder.op('', name, inputs, attributes);
      const shaped = (value: Value, sizes: readonly number[]) =>
        op('Reshape', [value, builder.model.graph.addInitializer('shape', Tensor.int64([sizes.length], sizes))]);
      const mean = (value: Value) => op('ReduceMean', [value], { axes: [-1], keepdims: 1 });
      const width = kept.length;
      const x = op('MatMul', [builder.input('x', 'FLOAT', ['batch', 3, 5]), weight('in', [5, WIDTH], 1)]);
      const flat = shaped(op('Transpose', [x], { perm: order }), joint(width));
      const back = shaped(
        op('Relu', [flat]),
        order.map((axis) => [-1, 3, width][axis]),
      );
      const own = op('Transpose', [back], { perm: [0, 1, 2].map((axis) => order.indexOf(axis)) });
      const squares = op('Add', [mean(op('Mul', [own, own])), builder.weight('e', [], Float32Array.of(EPSILON))]);
      const normal = op('Div', [own, op('Sqrt', [squares])]);
      builder.output(op('MatMul', [normal, weight('out', [WIDTH, 4], 0)]), 'y', 'FLOAT', ['batch', 3, 4]);
      return builder.model;
    };
    const indices = ALL.filter((at) => !KEPT.includes(at));
    const removed = Object.entries({ in: 1, out: 0 }).map(([initializer, axis]) => ({ initializer, axis, indices }));
    for (const batch of [1, 2, 4]) {
      const feeds = { x: { type: 'FLOAT', dims: [batch, 3, 5], data: normals(random(7), batch * 15) } } as const;
      const masked = maskedModel(flattened(ALL), removed);
      const [want, got] = [await runModel(masked, feeds), await runModel(flattened(KEPT), feeds)];
      expect(relativeError(got.y.data as Float32Array, want.y.data as Float32Array)).toBeLessThan(1e-5);
    }
  });
});

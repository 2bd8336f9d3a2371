import { describe, expect, it } from 'vitest';
import { foldConstants, Graph, type Model, Tensor, type Value } from '../src/index.js';
import { addInput, apply, emptyModel, floats, int, ints } from './support/graphs.js';

const constant = (model: Model, tensor: Tensor, name = 'constant') => model.graph.addInitializer(name, tensor);
const finish = (model: Model, ...outputs: Value[]) => {
  model.graph.outputs.push(...outputs);
  return foldConstants(model).folded;
};
const ops = (graph: Graph) => graph.nodes.map((node) => node.op);
const contentOf = (value: Value | undefined) => [...value!.tensor!.numbers()];

describe('foldConstants', () => {
  it('bakes a scale computed from a static width and leaves dynamic dimensions dynamic', () => {
    const model = emptyModel();
    const x = addInput(model, 'x', ['batch', 3, 64]);
    const shape = apply(model, 'Shape', [x]);
    const width = apply(model, 'Gather', [shape, constant(model, int(2))]);
    const scale = apply(model, 'Sqrt', [apply(model, 'Cast', [width], { to: 1 })], {}, 'scale');
    const scaled = apply(model, 'Div', [x, scale]);
    const batch = apply(model, 'Gather', [shape, constant(model, ints(0))]);
    const target = apply(model, 'Concat', [batch, constant(model, ints(192))], { axis: 0 });
    finish(model, apply(model, 'Reshape', [scaled, target]));
    expect(ops(model.graph)).toEqual(['Shape', 'Div', 'Gather', 'Concat', 'Reshape']);
    expect(contentOf(model.graph.value('scale'))).toEqual([8]);
  });

  it('bakes padding and sides of squares that tracing writes as arithmetic', () => {
    const model = emptyModel();
    const x = addInput(model, 'x', ['batch', 3, 7]);
    const width = apply(model, 'Gather', [apply(model, 'Shape', [x]), constant(model, ints(2))]);
    const missing = apply(model, 'Sub', [constant(model, floats([1], [8])), apply(model, 'Cast', [width], { to: 1 })]);
    apply(model, 'Clip', [missing, constant(model, floats([], [0]))], {}, 'padding');
    const [squares, half] = [constant(model, floats([3], [0, 196, 15])), constant(model, floats([], [0.5]))];
    apply(model, 'Pow', [apply(model, 'Gather', [squares, constant(model, ints(1))]), half], {}, 'side');
    apply(model, 'Pow', [apply(model, 'Gather', [squares, constant(model, ints(2))]), half], {}, 'rounded');
    const all = ['padding', 'side', 'rounded'].map((name) => apply(model, 'Add', [x, model.graph.value(name)]));
    finish(model, ...all);
    expect(contentOf(model.graph.value('padding'))).toEqual([1]);
    expect(contentOf(model.graph.value('side'))).toEqual([14]);
    expect(model.graph.value('rounded').tensor).toBeUndefined();
  });

  it('writes zeros into a constant, spread out where they are needed, unless two go to one place', () => {
    const scattered = (places: number[]) => {
      const model = emptyModel();
      const bias = constant(
        model,
        floats(
          [70],
          Array.from({ length: 70 }, (_, at) => at + 1),
        ),
        'bias',
      );
      const zeros = apply(model, 'Expand', [constant(model, floats([1], [0])), constant(model, ints(places.length))]);
      const indices = constant(model, Tensor.int64([places.length, 1], places), 'indices');
      const written = apply(model, 'ScatterND', [bias, indices, zeros], {}, 'written');
      finish(model, apply(model, 'Add', [addInput(model, 'x', ['batch', 70]), written]));
      return model.graph.value('written').tensor;
    };
    const want = Array.from({ length: 70 }, (_, at) => (at === 1 || at === 69 ? 0 : at + 1));
    expect([...scattered([1, -1])!.numbers()]).toEqual(want);
    expect(scattered([1, 1])).toBeUndefined();
    expect(scattered([70, 0])).toBeUndefined();
  });

  it('turns Constant nodes into initializers under their names', () => {
    const model = emptyModel();
    const two = apply(model, 'Constant', [], { value_float: { float: 2 } }, 'two');
    const list = apply(model, 'Constant', [], { value_ints: [2, -1] }, 'list');
    const product = apply(model, 'Mul', [addInput(model, 'x', ['n', 4]), two]);
    expect(finish(model, apply(model, 'Reshape', [product, list]))).toBe(2);
    expect(ops(model.graph)).toEqual(['Mul', 'Reshape']);
    expect([model.graph.value('two').tensor?.dims, contentOf(model.graph.value('list'))]).toEqual([[], [2, -1]]);
  });

  it('lets readers of an Identity read the initializer itself', () => {
    const model = emptyModel();
    const weight = constant(model, floats([2], [1, 2]), 'weight');
    const copies = [1, 2].map(() => apply(model, 'Identity', [weight]));
    const kept = apply(model, 'Identity', [weight], {}, 'kept');
    const sum = apply(model, 'Add', [apply(model, 'Add', [addInput(model, 'x', [2]), copies[0]]), copies[1]]);
    finish(model, sum, kept);
    expect(ops(model.graph)).toEqual(['Identity', 'Add', 'Add']);
    expect(weight.uses.size).toBe(3);
    expect(model.graph.outputs.map((value) => value.name)).toContain('kept');
  });

  it('computes in the precision of the element type', () => {
    const model = emptyModel();
    const [a, b] = [0.1, 0.2].map((item) => constant(model, Tensor.float32([], [item])));
    const half = apply(model, 'Cast', [apply(model, 'Add', [a, b], {}, 'sum')], { to: 10 }, 'half');
    const quotient = apply(model, 'Div', [constant(model, ints(-7)), constant(model, ints(2))], {}, 'quotient');
    const remainder = apply(model, 'Mod', [constant(model, ints(-7)), constant(model, ints(3))], {}, 'remainder');
    const x = addInput(model, 'x', [1], 'FLOAT16');
    const n = addInput(model, 'n', [1], 'INT64');
    finish(model, apply(model, 'Add', [x, half]), apply(model, 'Add', [apply(model, 'Add', [n, quotient]), remainder]));
    // 0.1f + 0.2f rounded to float32, then to float16; ONNX divides integers towards zero and takes Mod's sign from the divisor.
    expect(contentOf(half)).toEqual([0.300048828125]);
    expect([contentOf(quotient), contentOf(remainder)]).toEqual([[-3], [2]]);
  });

  it('moves weights but does not copy what others read', () => {
    const model = emptyModel();
    const own = constant(model, floats([2, 3], [1, 2, 3, 4, 5, 6]), 'own');
    const tied = constant(model, floats([2, 3], [1, 2, 3, 4, 5, 6]), 'tied');
    const ids = addInput(model, 'ids', ['n'], 'INT64');
    const embedded = apply(model, 'Gather', [tied, ids]);
    const turned = apply(model, 'Transpose', [own], { perm: [1, 0] }, 'turned');
    const head = apply(model, 'Transpose', [tied], { perm: [1, 0] });
    finish(
      model,
      apply(model, 'MatMul', [apply(model, 'MatMul', [embedded, turned]), constant(model, floats([2, 1], [1, 1]))]),
      apply(model, 'MatMul', [embedded, head]),
    );
    expect(ops(model.graph)).toEqual(['Gather', 'Transpose', 'MatMul', 'MatMul', 'MatMul']);
    expect([turned.tensor?.dims, contentOf(turned)]).toEqual([
      [3, 2],
      [1, 4, 2, 5, 3, 6],
    ]);
    expect(model.graph.values.has('own')).toBe(false);
  });

  it('does not spread a table or a scalar into a larger floating-point constant', () => {
    const model = emptyModel();
    const table = constant(model, floats([2, 1], [5, 7]), 'table');
    const bias = apply(model, 'Gather', [table, constant(model, ints(0, 1, 1, 0))]);
    const mask = apply(model, 'ConstantOfShape', [constant(model, ints(4, 1))]);
    finish(model, apply(model, 'Add', [apply(model, 'Add', [addInput(model, 'x', [4, 1]), bias]), mask]));
    expect(ops(model.graph)).toEqual(['Gather', 'ConstantOfShape', 'Add', 'Add']);
  });

  it('bounds the growth by integer and boolean results', () => {
    const build = () => {
      const model = emptyModel();
      const range = apply(
        model,
        'Range',
        [int(0), int(2000), int(1)].map((tensor) => constant(model, tensor)),
      );
      model.graph.outputs.push(apply(model, 'Add', [addInput(model, 'x', ['n', 2000], 'INT64'), range]));
      return model;
    };
    const [folded, bounded] = [build(), build()];
    foldConstants(folded);
    foldConstants(bounded, { maxGrowth: 1000 });
    expect([ops(folded.graph), ops(bounded.graph)]).toEqual([['Add'], ['Range', 'Add']]);
  });

  it('leaves alone: random numbers, integers beyond 2^53, inexact operators, overridable initializers, invalid arithmetic', () => {
    const model = emptyModel();
    const x = addInput(model, 'x', [1]);
    const n = addInput(model, 'n', [1], 'INT64');
    const random = apply(model, 'RandomNormal', [], { shape: [1] });
    const exponential = apply(model, 'Exp', [constant(model, floats([1], [1]))]);
    const huge = apply(model, 'Add', [constant(model, Tensor.int64([1], [2n ** 62n])), constant(model, ints(1))]);
    const zero = apply(model, 'Div', [constant(model, ints(1)), constant(model, ints(0))]);
    const overridable = constant(model, floats([1], [3]), 'overridable');
    model.graph.inputs.push(overridable);
    const negated = apply(model, 'Neg', [overridable]);
    const floatSum = [random, exponential, negated].reduce((sum, item) => apply(model, 'Add', [sum, item]), x);
    const integerSum = [huge, zero].reduce((sum, item) => apply(model, 'Add', [sum, item]), n);
    expect(finish(model, floatSum, integerSum)).toBe(0);
  });

  it('folds inside branches and leaves the failing one to the runtime', () => {
    const model = emptyModel();
    const x = addInput(model, 'x', [4]);
    const branch = (name: string, target: number[]) => {
      const graph = new Graph(name, model.graph);
      const shape = graph.addNode({
        op: 'Constant',
        inputs: [],
        outputs: [`${name}_shape`],
        attributes: { value: ints(...target) },
      });
      const table = graph.addInitializer(`${name}_table`, floats([4], [1, 2, 3, 4]));
      const reshaped = graph.addNode({ op: 'Reshape', inputs: [table, shape.outputs[0]], outputs: [`${name}_table2`] });
      const sum = graph.addNode({ op: 'Add', inputs: [x, reshaped.outputs[0]], outputs: [`${name}_sum`] });
      graph.outputs.push(sum.outputs[0]!);
      return graph;
    };
    const [good, bad] = [branch('good', [4]), branch('bad', [3])];
    const attributes = {
      then_branch: { type: 'GRAPH', value: good },
      else_branch: { type: 'GRAPH', value: bad },
    } as const;
    finish(model, apply(model, 'If', [addInput(model, 'flag', [], 'BOOL')], attributes));
    expect([ops(good), ops(bad)]).toEqual([['Add'], ['Reshape', 'Add']]);
  });

  // Seconds if the work is linear in the nodes, hours if it is quadratic.
  it('ends on a chain of two hundred thousand nodes', () => {
    const model = emptyModel();
    let value = addInput(model, 'x', ['batch', 64]);
    const one = constant(model, floats([], [1]));
    for (let i = 0; i < 100_000; i++)
      value = apply(model, 'Add', [value, apply(model, 'Identity', [one], {}, `one${i}`)], {}, `sum${i}`);
    model.graph.outputs.push(value);
    foldConstants(model);
    expect(model.graph.nodes.length).toBe(100_000);
  });

  it('leaves weights in the precision they are stored in', () => {
    const model = emptyModel();
    const half = constant(model, Tensor.fromNumbers('FLOAT16', [2, 2], [1, 2, 3, 4]), 'half');
    const scale = constant(model, Tensor.fromNumbers('FLOAT16', [], [0.5]), 'scale');
    const weight = apply(model, 'Cast', [half], { to: 1 }, 'weight');
    const product = apply(model, 'MatMul', [addInput(model, 'x', ['n', 2]), weight]);
    finish(model, apply(model, 'Mul', [product, apply(model, 'Cast', [scale], { to: 1 }, 'factor')]));
    expect(ops(model.graph)).toEqual(['Cast', 'MatMul', 'Mul']);
    expect([half.tensor?.dataType, weight.tensor, contentOf(model.graph.value('factor'))]).toEqual([
      'FLOAT16',
      undefined,
      [0.5],
    ]);
  });
});

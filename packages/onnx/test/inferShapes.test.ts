import { describe, expect, it } from 'vitest';
import { formatDim, Graph, inferShapes, type Model, type ShapeInfo, Tensor, type Value } from '../src/index.js';
import { addInput, apply, emptyModel, int, ints, operatorModel } from './support/graphs.js';

const text = (shapes: ShapeInfo, value: Value) => shapes.shape(value)?.map(formatDim).join(' ');
const contentText = (shapes: ShapeInfo, value: Value) => shapes.content(value)?.map(formatDim).join(' ');
const constant = (model: Model, tensor: Tensor) => model.graph.addInitializer('constant', tensor);

describe('inferShapes', () => {
  it('shares symbols by name and gives unnamed dimensions their own', () => {
    const model = emptyModel();
    const a = addInput(model, 'a', ['batch', 3]);
    const b = addInput(model, 'b', ['batch', undefined]);
    const joined = apply(model, 'Concat', [a, b], { axis: 1 });
    expect(text(inferShapes(model), joined)).toBe('batch ?b.1+3');
  });

  it('follows the head split of a fused projection through Shape, Gather, Concat and Reshape', () => {
    const model = emptyModel();
    const x = addInput(model, 'x', ['batch', 'seq', 192]);
    const shape = apply(model, 'Shape', [x]);
    const gathered = [0, 1].map((axis) => apply(model, 'Gather', [shape, constant(model, int(axis))], { axis: 0 }));
    const [batch, length] = gathered.map((dim) => apply(model, 'Unsqueeze', [dim, constant(model, ints(0))]));
    const target = apply(model, 'Concat', [batch, length, constant(model, ints(3, -1, 64))], { axis: 0 });
    const split = apply(model, 'Reshape', [apply(model, 'Concat', [x, x, x], { axis: 2 }), target]);
    const merged = apply(model, 'Reshape', [split, constant(model, ints(-1, 64))]);
    const shapes = inferShapes(model);
    expect(contentText(shapes, target)).toBe('batch seq 3 -1 64');
    expect(text(shapes, split)).toBe('batch seq 3 3 64');
    expect(text(shapes, merged)).toBe('9*batch*seq 64');
    expect(shapes.elementType(target)).toBe('INT64');
  });

  it('computes a run-time attention scale as float32 does', () => {
    const model = emptyModel();
    const query = addInput(model, 'query', ['batch', 3, 'seq', 64 * 3]);
    const last = apply(model, 'Gather', [apply(model, 'Shape', [query]), constant(model, int(-1))], { axis: 0 });
    const width = apply(model, 'Cast', [last], { to: 1 });
    const scale = apply(model, 'Div', [constant(model, Tensor.float32([], [1])), apply(model, 'Sqrt', [width])]);
    expect(inferShapes(model).content(scale)).toEqual([Math.fround(1 / Math.fround(Math.sqrt(192)))]);
  });

  it('decides the -1 test that exporters put in front of Expand', () => {
    const model = emptyModel();
    const x = addInput(model, 'x', ['batch', 5]);
    const wanted = apply(model, 'Shape', [x]);
    const ones = apply(model, 'ConstantOfShape', [constant(model, ints(2))], { value: ints(1) });
    const isOpen = apply(model, 'Equal', [wanted, constant(model, ints(-1, -1))]);
    const target = apply(model, 'Where', [isOpen, ones, wanted]);
    const expanded = apply(model, 'Expand', [constant(model, Tensor.float32([1, 1], [7])), target]);
    const shapes = inferShapes(model);
    expect(contentText(shapes, isOpen)).toBe('0 0');
    expect(text(shapes, expanded)).toBe('batch 5');
  });

  it('keeps an element unknown where its sign decides', () => {
    const model = emptyModel();
    const count = addInput(model, 'count', [1], 'INT64');
    const target = apply(model, 'Concat', [count, constant(model, ints(4))], { axis: 0 });
    const reshaped = apply(model, 'Reshape', [addInput(model, 'x', ['n', 'n']), target]);
    const shapes = inferShapes(model);
    // Given, or -1: either way what is left of n * n.
    expect(text(shapes, reshaped)).toBe('floor((n*n)/(4)) 4');
    const twice = apply(model, 'Add', [count, count]);
    expect(inferShapes(model).content(twice)).toBeUndefined();
  });

  it('slices symbolic dimensions from both ends', () => {
    const cases: [starts: number, ends: number, expected: string][] = [
      [-1, 2 ** 40, '1'],
      [1, 2 ** 40, 'seq-1'],
      [0, -1, 'seq-1'],
      [0, 8, 'min(8,seq)'],
    ];
    for (const [start, end, expected] of cases) {
      const model = operatorModel({ op: 'Slice', inputs: [{ shape: ['seq'] }, ints(start), ints(end), ints(0)] });
      expect(text(inferShapes(model), model.graph.outputs[0])).toBe(expected);
    }
  });

  it('substitutes the shapes a caller gives, by number or name', () => {
    const model = operatorModel({ op: 'Relu', inputs: [{ shape: ['batch', 3] }] });
    const [output] = model.graph.outputs;
    expect(text(inferShapes(model, { inputShapes: { x0: [8, 'past+seq'] } }), output)).toBe('8 past+seq');
    expect(() => inferShapes(model, { inputShapes: { y: [1] } })).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
    expect(() => inferShapes(model, { inputShapes: { x0: [1] } })).toThrow(/2/);
  });

  it('prefers what it infers to what the file states, and takes the statement where it has nothing', () => {
    const model = emptyModel();
    const x = addInput(model, 'x', ['batch', 3]);
    const known = apply(model, 'Relu', [x]);
    known.type = { elementType: 'FLOAT', shape: [1, 3] };
    const foreign = model.graph.addNode({ op: 'Mystery', domain: 'example', inputs: [x], outputs: ['foreign'] })
      .outputs[0]!;
    foreign.type = { elementType: 'FLOAT', shape: [4, undefined] };
    const after = apply(model, 'Transpose', [foreign]);
    const shapes = inferShapes(model);
    expect(text(shapes, known)).toBe('batch 3');
    expect(text(shapes, after)).toBe('?foreign.1 4');
    expect(shapes.shape(apply(model, 'Mystery', [x]))).toBeUndefined();
  });

  it('accepts nodes that stand in front of their producers', () => {
    const model = emptyModel();
    const x = addInput(model, 'x', [2, 3]);
    const middle = apply(model, 'Transpose', [x]);
    const output = apply(model, 'Shape', [middle]);
    model.graph.nodes.reverse();
    expect(contentText(inferShapes(model), output)).toBe('3 2');
  });

  it('takes both branches of an If, or the one a static condition picks', () => {
    const build = (condition: Value, model: Model, x: Value) => {
      const branch = (axis: number) => {
        const graph = new Graph(`branch${axis}`, model.graph);
        const joined = graph.addNode({
          op: 'Concat',
          inputs: [x, x],
          outputs: [`joined${axis}`],
          attributes: { axis },
        });
        graph.outputs.push(joined.outputs[0]!);
        return { type: 'GRAPH', value: graph } as const;
      };
      return apply(model, 'If', [condition], { then_branch: branch(0), else_branch: branch(1) });
    };
    const dynamic = emptyModel();
    const x = addInput(dynamic, 'x', ['batch', 'seq', 4]);
    const either = build(addInput(dynamic, 'flag', [], 'BOOL'), dynamic, x);
    expect(text(inferShapes(dynamic), either)).toBe(`?${either.name}.0 ?${either.name}.1 4`);
    const fixed = emptyModel();
    const y = addInput(fixed, 'x', ['batch', 'seq', 4]);
    const picked = build(constant(fixed, Tensor.of('BOOL', [], Uint8Array.of(0))), fixed, y);
    expect(text(inferShapes(fixed), picked)).toBe('batch 2*seq 4');
  });

  it('gives up the dimension a Loop changes and keeps those it does not', () => {
    const model = emptyModel();
    const body = new Graph('body', model.graph);
    const [, condition, grows, stays] = ['i', 'going', 'grows', 'stays'].map((name) => {
      const value = body.addValue(name);
      body.inputs.push(value);
      return value;
    });
    const again = body.addNode({ op: 'Identity', inputs: [condition], outputs: ['again'] }).outputs[0]!;
    const longer = body.addNode({ op: 'Concat', inputs: [grows, grows], outputs: ['longer'], attributes: { axis: 0 } });
    const same = body.addNode({ op: 'Relu', inputs: [stays], outputs: ['same'] }).outputs[0]!;
    body.outputs.push(again, longer.outputs[0]!, same, same);
    const start = addInput(model, 'start', [1, 4]);
    const state = addInput(model, 'state', ['batch', 4]);
    const { outputs } = model.graph.addNode({
      op: 'Loop',
      inputs: [constant(model, int(3)), undefined, start, state],
      outputs: ['grown', 'kept', 'stacked'],
      attributes: { body: { type: 'GRAPH', value: body } },
    });
    const shapes = inferShapes(model);
    expect(text(shapes, outputs[1]!)).toBe('batch 4');
    expect(text(shapes, outputs[2]!)).toBe('?stacked.0 batch 4');
    expect(shapes.shape(outputs[0]!)?.[0]).not.toBe(1);
  });
});

describe('inferShapes on graphs that are wrong or hostile', () => {
  it('leaves outputs unknown where attributes contradict shapes', () => {
    const wrong: Parameters<typeof operatorModel>[0][] = [
      { op: 'Split', inputs: [{ shape: [4, 4] }], attributes: { axis: 7 }, outputs: 2 },
      { op: 'Conv', inputs: [{ shape: ['b', 3, 'h', 8] }, { shape: [4, 3, 3, 3] }], attributes: { strides: [2] } },
      { op: 'Transpose', inputs: [{ shape: [4, 4] }], attributes: { perm: [0, 9] } },
      { op: 'TopK', inputs: [{ shape: [4] }, int(-3)], outputs: 2 },
      { op: 'Gemm', inputs: [{ shape: [4] }, { shape: [] }] },
      { op: 'Reshape', inputs: [{ shape: [4] }, { shape: [2 ** 40], type: 'INT64' }] },
      { op: 'Conv', inputs: [{ shape: [1, 3, 2, 2] }, { shape: [4, 3, 9, 9] }] },
      { op: 'Einsum', inputs: [{ shape: [4] }], attributes: { equation: '->->,,' } },
    ];
    for (const init of wrong) {
      const model = operatorModel(init);
      const shapes = inferShapes(model);
      const dims = model.graph.outputs.flatMap((output) => shapes.shape(output) ?? []);
      for (const dim of dims) if (typeof dim === 'number') expect(dim, init.op).toBeGreaterThanOrEqual(0);
    }
  });

  it('gives up expressions that grow without bound', () => {
    const model = emptyModel();
    let value = addInput(model, 'x', ['a', 'b', 'c', 'd']);
    for (let round = 0; round < 60; round++) {
      const turned = apply(model, 'Transpose', [value], { perm: [1, 2, 3, 0] }, `turned${round}`);
      const flat = apply(model, 'Flatten', [turned], { axis: round % 4 }, `flat${round}`);
      const doubled = apply(model, 'Concat', [flat, flat], { axis: 0 }, `doubled${round}`);
      const shape = apply(model, 'Shape', [doubled], {}, `shape${round}`);
      const joined = apply(model, 'Concat', [shape, shape], { axis: 0 }, `joined${round}`);
      const sum = apply(
        model,
        'Add',
        [joined, apply(model, 'Mul', [joined, joined], {}, `m${round}`)],
        {},
        `sum${round}`,
      );
      value = apply(model, 'ConstantOfShape', [sum], {}, `next${round}`);
    }
    const shapes = inferShapes(model);
    for (const dim of shapes.shape(value)!) expect(formatDim(dim).length).toBeLessThanOrEqual(1000);
  });
});

import { Graph, type Model, Tensor, type Value } from '@snp/onnx';
import { type Feeds, GraphBuilder, random } from '@snp/testing';

/** Spellings that the small encoder may have. */
export interface SmallEncoderForm {
  /** Weights are stored as halves behind Cast. */
  halves?: boolean;
  /** Queries and keys are divided by their norms, as `F.normalize` does it, with the norm spread out by Expand. */
  cosine?: boolean;
  /** Two heads of keys and values serve four of queries, repeated by this operator. */
  repeat?: 'Concat' | 'Tile' | 'Gather' | 'Expand';
  /** A convolution over tokens whose channels form four groups, before the attention. */
  grouped?: boolean;
  /** Batch and length change places around the attention, with computed targets, and q, k and v in one projection. */
  fused?: boolean;
  /** Queries, keys and values of each head lie beside one another in one projection, and are picked along an axis by lists of indices. */
  picked?: boolean;
  /** What leaves the attention is kept within bounds that depend on whether anything in it is infinite, as in a T5 of halves. */
  clamped?: boolean;
  /** Tokens with number 0 are blanked before the FFN's norm. */
  blanked?: boolean;
  /** Something is drawn at random, as in training. */
  chance?: boolean;
  /** The first layer of the FFN stands in a branch that is taken every time. */
  chosen?: boolean;
}

const [WIDTH, HEADS, NEURONS, HIDDEN] = [16, 4, 4, 24];

/** One attention and one FFN over embedded tokens, in one of many spellings. */
export function smallEncoder(form: SmallEncoderForm): Model {
  const graph = new GraphBuilder('small');
  const draw = random(5);
  let count = 0;
  const weight = (...dims: number[]): Value => {
    const numbers = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => draw.uniform() - 0.5);
    const name = `w${count++}`;
    if (!form.halves) return graph.weight(name, dims, numbers);
    return graph.op(
      '/up',
      'Cast',
      [graph.model.graph.addInitializer(name, Tensor.fromNumbers('FLOAT16', dims, numbers))],
      { to: 1 },
    );
  };
  const ids = graph.input('ids', 'INT64', ['batch', 'length']);
  const linear = (x: Value, from: number, to: number) =>
    graph.op('/linear', 'Add', [graph.op('/linear', 'MatMul', [x, weight(from, to)]), weight(to)]);
  const norm = (x: Value) => graph.op('/norm', 'LayerNormalization', [x, weight(WIDTH), weight(WIDTH)], { axis: -1 });
  const reshape = (x: Value, ...to: number[]) => graph.op('/shape', 'Reshape', [x, graph.ints('/shape', to)]);
  let stream = graph.op('/embed', 'Gather', [weight(10, WIDTH), ids]);
  if (form.grouped) {
    const rows = graph.op('/conv', 'Transpose', [stream], { perm: [0, 2, 1] });
    const kernel = weight(WIDTH, WIDTH / 4, 3);
    const mixed = graph.op('/conv', 'Conv', [rows, kernel, weight(WIDTH)], {
      group: 4,
      pads: [1, 1],
      kernel_shape: [3],
    });
    stream = graph.op('/conv', 'Add', [stream, graph.op('/conv', 'Transpose', [mixed], { perm: [0, 2, 1] })]);
  }
  const heads = form.fused ? fusedHeads : form.picked ? pickedHeads : separateHeads;
  const [q, k, v] = heads(norm(stream));
  const scores = graph.op('/attention', 'MatMul', [
    q,
    graph.op('/attention', 'Transpose', [k], { perm: [0, 1, 3, 2] }),
  ]);
  const context = graph.op('/attention', 'MatMul', [graph.op('/attention', 'Softmax', [scores], { axis: -1 }), v]);
  const joined = reshape(
    graph.op('/attention', 'Transpose', [context], { perm: [0, 2, 1, 3] }),
    0,
    -1,
    HEADS * NEURONS,
  );
  stream = graph.op('/sum', 'Add', [stream, kept(linear(joined, HEADS * NEURONS, WIDTH))]);
  if (form.clamped) stream = clamped(stream);
  if (form.blanked) stream = blanked(stream);
  const hidden = graph.op('/ffn', 'Relu', [firstLayer(norm(stream))]);
  stream = graph.op('/sum', 'Add', [stream, linear(hidden, HIDDEN, WIDTH)]);
  graph.output(linear(norm(stream), WIDTH, 5), 'y', 'FLOAT', ['batch', 'length', 5]);
  return graph.model;

  function firstLayer(x: Value): Value {
    if (!form.chosen) return linear(x, WIDTH, HIDDEN);
    const outer = graph.model.graph;
    const attributes = Object.fromEntries(
      ['then_branch', 'else_branch'].map((name) => {
        const branch = new Graph(name, outer);
        const weights = branch.addInitializer(
          'w',
          Tensor.float32(
            [WIDTH, HIDDEN],
            Array.from({ length: WIDTH * HIDDEN }, () => draw.uniform() - 0.5),
          ),
        );
        const [product] = branch.addNode({ op: 'MatMul', inputs: [x, weights], outputs: ['product'] }).outputs;
        product!.type = { elementType: 'FLOAT', shape: undefined };
        branch.outputs.push(product!);
        return [name, { type: 'GRAPH' as const, value: branch }];
      }),
    );
    const always = outer.addInitializer('always', Tensor.of('BOOL', [], Uint8Array.of(1)));
    return outer.addNode({ op: 'If', inputs: [always], attributes }).outputs[0]!;
  }

  function separateHeads(x: Value): Value[] {
    const heads = (own: number) =>
      graph.op('/heads', 'Transpose', [reshape(linear(x, WIDTH, own * NEURONS), 0, -1, own, NEURONS)], {
        perm: [0, 2, 1, 3],
      });
    const served = form.repeat ? 2 : HEADS;
    const all = [heads(HEADS), ...[heads(served), heads(served)].map(repeated)];
    return form.cosine ? [...all.slice(0, 2).map(normalised), all[2]] : all;
  }

  /** nn.MultiheadAttention by today's exporter: tokens first, heads beside the batch. */
  function fusedHeads(x: Value): Value[] {
    const size = (axis: number) =>
      graph.op('/size', 'Gather', [graph.op('/size', 'Shape', [ids]), graph.ints('/size', [axis])]);
    const target = (...parts: (Value | number)[]) =>
      graph.op(
        '/target',
        'Concat',
        parts.map((part) => (typeof part === 'number' ? graph.ints('/target', [part]) : part)),
        { axis: 0 },
      );
    const to = (value: Value, ...parts: (Value | number)[]) =>
      graph.op('/target', 'Reshape', [value, target(...parts)]);
    const tokensFirst = graph.op('/fused', 'Transpose', [x], { perm: [1, 0, 2] });
    const parts = to(linear(tokensFirst, WIDTH, 3 * WIDTH), size(1), size(0), 3, WIDTH);
    const first = graph.op(
      '/fused',
      'Transpose',
      [graph.op('/fused', 'Unsqueeze', [parts, graph.ints('/fused', [0])])],
      { perm: [3, 1, 2, 0, 4] },
    );
    const squeezed = graph.op('/fused', 'Squeeze', [first, graph.ints('/fused', [-2])]);
    const beside = graph.op('/fused', 'Mul', [size(0), graph.ints('/fused', [HEADS])]);
    return [0, 1, 2].map((part) => {
      const own = graph.op('/fused', 'Gather', [squeezed, graph.int('/fused', part)], { axis: 0 });
      const rows = graph.op('/fused', 'Transpose', [to(own, size(1), beside, NEURONS)], { perm: [1, 0, 2] });
      return to(rows, size(0), HEADS, size(1), NEURONS);
    });
  }

  /** `x[..., [0], :]` by today's exporter: the axis comes to the front and goes back. */
  function pickedHeads(x: Value): Value[] {
    const parts = reshape(linear(x, WIDTH, 3 * WIDTH), 0, -1, HEADS, 3, NEURONS);
    const front = graph.op('/picked', 'Transpose', [parts], { perm: [3, 0, 1, 2, 4] });
    return [0, 1, -1].map((part) => {
      const index = graph.model.graph.addInitializer('index', Tensor.int64([1, 1], [part]));
      const own = graph.op('/picked', 'GatherND', [front, index]);
      const back = graph.op('/picked', 'Transpose', [own], { perm: [1, 2, 3, 0, 4] });
      return graph.op('/picked', 'Transpose', [reshape(back, 0, -1, HEADS, NEURONS)], { perm: [0, 2, 1, 3] });
    });
  }

  function clamped(x: Value): Value {
    const infinite = graph.op('/clamp', 'Cast', [graph.op('/clamp', 'IsInf', [x])], { to: 7 });
    const count = graph.op('/clamp', 'ReduceSum', [infinite], { keepdims: 0 });
    const [none, least, most] = [graph.int('/clamp', 0), graph.float('/clamp', 0.5), graph.float('/clamp', 0.75)];
    const bound = graph.op('/clamp', 'Where', [graph.op('/clamp', 'Greater', [count, none]), least, most]);
    return graph.op('/clamp', 'Clip', [x, graph.op('/clamp', 'Neg', [bound]), bound]);
  }

  function blanked(x: Value): Value {
    const blank = graph.op('/blank', 'Equal', [ids, graph.int('/blank', 0)]);
    const tokens = graph.op('/blank', 'Unsqueeze', [blank, graph.ints('/blank', [-1])]);
    return graph.op('/blank', 'Where', [tokens, graph.float('/blank', 0), x]);
  }

  function repeated(x: Value): Value {
    if (form.repeat === 'Concat') return graph.op('/repeat', 'Concat', [x, x], { axis: 1 });
    if (form.repeat === 'Tile') return graph.op('/repeat', 'Tile', [x, graph.ints('/repeat', [1, 2, 1, 1])]);
    if (form.repeat === 'Gather')
      return graph.op('/repeat', 'Gather', [x, graph.ints('/repeat', [0, 0, 1, 1])], { axis: 1 });
    if (form.repeat !== 'Expand') return x;
    const beside = graph.op('/repeat', 'Unsqueeze', [x, graph.ints('/repeat', [2])]);
    const wide = graph.op('/repeat', 'Expand', [beside, graph.ints('/repeat', [1, 1, 2, 1, NEURONS])]);
    return reshape(wide, 0, HEADS, -1, NEURONS);
  }

  function normalised(x: Value): Value {
    const length = graph.op('/normalize', 'ReduceL2', [x], { axes: [-1], keepdims: 1 });
    const least = graph.op('/normalize', 'Clip', [length, graph.float('/normalize', 1e-12)]);
    return graph.op('/normalize', 'Div', [
      x,
      graph.op('/normalize', 'Expand', [least, graph.op('/normalize', 'Shape', [x])]),
    ]);
  }

  /** Whole samples of a branch are left out at random: none of them, by the number in the middle. */
  function kept(branch: Value): Value {
    if (!form.chance) return branch;
    const like = graph.op('/drop', 'Slice', [
      branch,
      graph.ints('/drop', [0, 0]),
      graph.ints('/drop', [1, 1]),
      graph.ints('/drop', [1, 2]),
    ]);
    const drawn = graph.op('/drop', 'RandomUniformLike', [like]);
    return graph.op('/drop', 'Mul', [
      branch,
      graph.op('/drop', 'Floor', [graph.op('/drop', 'Add', [drawn, graph.float('/drop', 0.7)])]),
    ]);
  }
}

/** Token numbers for the small encoder. */
export function smallFeeds(batch: number, length: number): Feeds {
  const draw = random(batch * 100 + length);
  const data = BigInt64Array.from({ length: batch * length }, () => BigInt(draw.integer(10)));
  return { ids: { type: 'INT64', dims: [batch, length], data } };
}

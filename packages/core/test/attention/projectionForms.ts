import type { AttributeInit, Value } from '@snp/onnx';
import { AttentionModel } from '@snp/testing';

export const [HEADS, SIZE, WIDTH] = [2, 4, 6];
export const ALL = 3 * HEADS * SIZE;

/** Nodes of one attention over a stream of [batch, tokens, WIDTH]. */
export class Writer extends AttentionModel {
  readonly x = this.stream();

  op(op: string, inputs: (Value | undefined)[], attributes: Record<string, AttributeInit> = {}): Value {
    return this.builder.op('', op, inputs, attributes);
  }

  ints(...items: number[]): Value {
    return this.builder.ints('', items);
  }

  reshape(x: Value, ...to: number[]): Value {
    return this.op('Reshape', [x, this.ints(...to)]);
  }

  transpose(x: Value, ...perm: number[]): Value {
    return this.op('Transpose', [x], { perm });
  }

  split(x: Value, axis: number, ...sizes: number[]): Value[] {
    return this.builder.ops('', 'Split', [x, this.ints(...sizes)], sizes.length, { axis });
  }

  squeeze(x: Value, axis: number): Value {
    return this.op('Squeeze', [x, this.ints(axis)]);
  }

  slice(x: Value, axis: number, from: number, to: number): Value {
    return this.op('Slice', [x, this.ints(from), this.ints(to), this.ints(axis)]);
  }

  pick3(x: Value, axis: number): Value[] {
    return [0, 1, 2].map((at) => this.op('Gather', [x, this.builder.int('', at)], { axis }));
  }

  /** [batch, tokens, 3 x heads x neurons] as queries, keys and values of [batch, heads, tokens, neurons]. */
  parts(all: Value): Value[] {
    return this.pick3(this.transpose(this.reshape(all, 0, 0, 3, HEADS, SIZE), 2, 0, 3, 1, 4), 0);
  }

  /** Tokens of all samples as rows. */
  rows(): Value {
    return this.reshape(this.x, -1, WIDTH);
  }

  /** Rows as samples and tokens again, the way exporters write it. */
  unrows(rows: Value, ...axes: number[]): Value {
    const sizes = this.op('Slice', [this.op('Shape', [this.x]), this.ints(0), this.ints(2)]);
    return this.op('Reshape', [rows, this.op('Concat', [sizes, this.ints(...axes)], { axis: 0 })]);
  }

  /** [1, batch, heads, tokens, neurons] without its first axis, by Reshape. */
  headsOf(part: Value): Value {
    const sizes = this.op('Slice', [this.op('Shape', [part]), this.ints(1), this.ints(5)]);
    return this.op('Reshape', [part, sizes]);
  }

  /** Two values with a further axis each, multiplied by Mul and summed over an axis. */
  productSum(a: Value, axisOfA: number, b: Value, axisOfB: number, over: number): Value {
    const spread = [this.op('Unsqueeze', [a, this.ints(axisOfA)]), this.op('Unsqueeze', [b, this.ints(axisOfB)])];
    return this.op('ReduceSum', [this.op('Mul', spread), this.ints(over)], { keepdims: 0 });
  }

  /** What is left of [batch, heads, tokens, neurons], as the stream's width. */
  output(context: Value): Value {
    return this.linear(this.together(context, HEADS * SIZE), HEADS * SIZE, 4);
  }
}

export type Project = (w: Writer) => Value[];

/** One product for queries, keys and values, as [batch, tokens, 3 x heads x neurons]. */
export const STACKED: Record<string, (w: Writer) => Value> = {
  MatMul: (w) => w.op('Add', [w.op('MatMul', [w.x, w.weight([WIDTH, ALL])]), w.weight([ALL])]),
  FusedMatMul: (w) =>
    w.builder.contrib('', 'FusedMatMul', [w.x, w.weight([ALL, WIDTH])], { transB: 1, alpha: { float: 0.5 } }),
  Gemm: (w) => w.unrows(w.op('Gemm', [w.rows(), w.weight([ALL, WIDTH]), w.weight([ALL])], { transB: 1 }), ALL),
  'Gemm, weights on the left': (w) => {
    const columns = w.op('Gemm', [w.weight([ALL, WIDTH]), w.rows(), w.weight([ALL, 1])], { transB: 1 });
    return w.unrows(w.transpose(columns, 1, 0), ALL);
  },
  FusedGemm: (w) =>
    w.unrows(
      w.builder.contrib('', 'FusedGemm', [w.rows(), w.weight([WIDTH, ALL]), w.weight([1, ALL])], {
        activation: 'Tanh',
      }),
      ALL,
    ),
  'Conv of single tokens': (w) => {
    const columns = w.op('Conv', [w.transpose(w.x, 0, 2, 1), w.weight([ALL, WIDTH, 1]), w.weight([ALL])]);
    return w.transpose(columns, 0, 2, 1);
  },
  'Conv of single pixels': (w) => {
    const picture = w.reshape(w.transpose(w.x, 0, 2, 1), 0, WIDTH, 1, -1);
    const columns = w.op('Conv', [picture, w.weight([ALL, WIDTH, 1, 1])], { kernel_shape: [1, 1] });
    return w.transpose(w.squeeze(columns, 2), 0, 2, 1);
  },
  'weights on the left': (w) => {
    const columns = w.op('MatMul', [w.weight([ALL, WIDTH]), w.transpose(w.x, 0, 2, 1)]);
    return w.transpose(w.op('Add', [columns, w.weight([ALL, 1])]), 0, 2, 1);
  },
  'weights on the left, transposed': (w) => {
    const columns = w.builder.contrib('', 'FusedMatMul', [w.weight([WIDTH, ALL]), w.x], { transA: 1, transB: 1 });
    return w.transpose(columns, 0, 2, 1);
  },
  Einsum: (w) => w.op('Einsum', [w.x, w.weight([WIDTH, ALL])], { equation: 'bti,io->bto' }),
  'Einsum with an ellipsis': (w) => w.op('Einsum', [w.x, w.weight([ALL, WIDTH])], { equation: '...i,oi->...o' }),
  'Concat of products': (w) => {
    const one = w.linear(w.x, WIDTH, ALL / 3);
    return w.op('Concat', [one, w.linear(w.x, WIDTH, (2 * ALL) / 3)], { axis: 2 });
  },
  'Concat of weights': (w) =>
    w.op('MatMul', [
      w.x,
      w.op('Concat', [w.weight([WIDTH, ALL / 3]), w.weight([WIDTH, ALL / 3]), w.weight([WIDTH, ALL / 3])], { axis: 1 }),
    ]),
  'MatMul, scaled by weights': (w) =>
    w.op('Div', [w.op('Mul', [w.linear(w.x, WIDTH, ALL), w.weight([ALL])]), w.builder.float('', 1.5)]),
  'an activation behind': (w) => w.op('Elu', [w.linear(w.x, WIDTH, ALL)]),
  'bounds behind': (w) =>
    w.op('Clip', [w.linear(w.x, WIDTH, ALL), w.builder.float('', -0.5), w.builder.float('', 0.7)]),
};

/** Ways of taking [batch, tokens, 3 x heads x neurons] apart into [batch, heads, tokens, neurons]. */
export const APART: Record<string, (w: Writer, all: Value) => Value[]> = {
  'Reshape, Transpose, Gather': (w, all) => w.parts(all),
  'Reshape, Gather': (w, all) =>
    w.pick3(w.reshape(all, 0, 0, 3, HEADS, SIZE), 2).map((part) => w.transpose(part, 0, 2, 1, 3)),
  Split: (w, all) => w.split(all, 2, ALL / 3, ALL / 3, ALL / 3).map((part) => w.apart(part, HEADS, SIZE)),
  Slice: (w, all) => [0, 1, 2].map((at) => w.apart(w.slice(all, 2, (at * ALL) / 3, ((at + 1) * ALL) / 3), HEADS, SIZE)),
  'Slice of several axes': (w, all) =>
    [0, 1, 2].map((at) => {
      const bounds = [w.ints(0, (at * ALL) / 3), w.ints(1000, ((at + 1) * ALL) / 3), w.ints(1, 2)];
      return w.apart(w.op('Slice', [all, ...bounds]), HEADS, SIZE);
    }),
  'Reshape, Transpose, Split': (w, all) =>
    w
      .split(w.transpose(w.reshape(all, 0, 0, 3, HEADS, SIZE), 2, 0, 3, 1, 4), 0, 1, 1, 1)
      .map((part) => w.squeeze(part, 0)),
  'Reshape, Transpose, Split, Reshape': (w, all) =>
    w
      .split(w.transpose(w.reshape(all, 0, 0, 3, HEADS, SIZE), 2, 0, 3, 1, 4), 0, 1, 1, 1)
      .map((part) => w.headsOf(part)),
  'Split, and Split again': (w, all) => {
    const [q, both] = w.split(all, 2, ALL / 3, (2 * ALL) / 3);
    return [q, ...w.split(both, 2, ALL / 3, ALL / 3)].map((part) => w.apart(part, HEADS, SIZE));
  },
  'Split, Transpose, Split': (w, all) => {
    const [both, v] = w.split(all, 2, (2 * ALL) / 3, ALL / 3);
    const turned = w.transpose(w.op('Neg', [both]), 0, 2, 1);
    const pair = w.split(turned, 1, ALL / 3, ALL / 3).map((part) => w.transpose(part, 0, 2, 1));
    return [...pair, v].map((part) => w.apart(part, HEADS, SIZE));
  },
  'heads of three, Split': (w, all) =>
    w.split(w.reshape(all, 0, 0, HEADS, 3 * SIZE), 3, SIZE, SIZE, SIZE).map((part) => w.transpose(part, 0, 2, 1, 3)),
  'heads of three, Transpose, Split': (w, all) =>
    w.split(w.transpose(w.reshape(all, 0, 0, HEADS, 3 * SIZE), 0, 2, 1, 3), 3, SIZE, SIZE, SIZE),
  'parts beside heads, Split': (w, all) => {
    const beside = w.reshape(w.transpose(w.reshape(all, 0, 0, 3, HEADS, SIZE), 0, 2, 3, 1, 4), 0, 3 * HEADS, -1, SIZE);
    return w.split(beside, 1, HEADS, HEADS, HEADS);
  },
  'parts merged again, Split': (w, all) => {
    const merged = w.reshape(w.reshape(all, 0, 0, 3, HEADS * SIZE), 0, 0, ALL);
    return w.split(merged, 2, ALL / 3, ALL / 3, ALL / 3).map((part) => w.apart(part, HEADS, SIZE));
  },
};

/** Queries, keys and values, each by a layer of its own. */
export const SEPARATE: Project = each((w) => w.apart(w.linear(w.x, WIDTH, HEADS * SIZE), HEADS, SIZE));

/** Queries, keys and values, each by a kernel of its own with an axis for heads. */
export const KERNELS: Record<string, Project> = {
  'Einsum, [hidden, heads, neurons]': each((w) => {
    const product = w.op('Einsum', [w.x, w.weight([WIDTH, HEADS, SIZE])], { equation: 'abc,cde->abde' });
    return w.transpose(w.op('Add', [product, w.weight([HEADS, SIZE])]), 0, 2, 1, 3);
  }),
  'Einsum, one kernel for all': (w) => {
    const product = w.op('Einsum', [w.x, w.weight([WIDTH, 3, HEADS, SIZE])], { equation: 'btc,cphd->pbhtd' });
    return w.pick3(w.op('Add', [product, w.weight([3, 1, HEADS, 1, SIZE])]), 0);
  },
  'a matrix for each head': each((w) => {
    const product = w.op('MatMul', [w.op('Unsqueeze', [w.x, w.ints(1)]), w.weight([HEADS, WIDTH, SIZE])]);
    return w.op('Mul', [w.op('Add', [product, w.weight([HEADS, 1, SIZE])]), w.weight([1, HEADS, 1, SIZE])]);
  }),
  'Einsum, heads first': each((w) =>
    w.op('Einsum', [w.x, w.weight([WIDTH, HEADS, SIZE])], { equation: 'abc,cde->adbe' }),
  ),
  'a product with the kernel seen as a matrix': each((w) => {
    const kernel = w.reshape(w.weight([WIDTH, HEADS, SIZE]), WIDTH, HEADS * SIZE);
    const product = w.unrows(w.op('MatMul', [w.rows(), kernel]), HEADS, SIZE);
    return w.transpose(w.op('Add', [product, w.weight([HEADS, SIZE])]), 0, 2, 1, 3);
  }),
  'a kernel that the graph turns': each((w) => {
    const turned = w.transpose(w.weight([HEADS, SIZE, WIDTH]), 2, 0, 1);
    const product = w.op('MatMul', [w.x, w.reshape(turned, WIDTH, HEADS * SIZE)]);
    return w.transpose(w.reshape(product, 0, 0, HEADS, SIZE), 0, 2, 1, 3);
  }),
};

function each(work: (w: Writer) => Value): Project {
  return (w) => [work(w), work(w), work(w)];
}

/** The stream out of [batch, heads, tokens, neurons], by a kernel with an axis for heads. */
export const OUTPUTS: Record<string, (w: Writer, context: Value) => Value> = {
  'Reshape and MatMul': (w, context) => w.output(context),
  'Einsum, [heads, neurons, hidden]': (w, context) =>
    w.op('Einsum', [w.transpose(context, 0, 2, 1, 3), w.weight([HEADS, SIZE, 4])], { equation: 'abcd,cde->abe' }),
  'Einsum, heads first': (w, context) =>
    w.op('Einsum', [context, w.weight([HEADS, SIZE, 4])], { equation: 'bhtd,hde->bte' }),
  'a product with the kernel seen as a matrix': (w, context) => {
    const kernel = w.reshape(w.weight([HEADS, SIZE, 4]), HEADS * SIZE, 4);
    const rows = w.reshape(w.transpose(context, 0, 2, 1, 3), -1, HEADS * SIZE);
    return w.unrows(w.op('MatMul', [rows, kernel]), 4);
  },
};

/** What an attention makes of queries, keys and values. */
export type Core = (w: Writer, q: Value, k: Value, v: Value) => Value;

function softmax(w: Writer, scores: Value): Value {
  return w.op('Softmax', [scores], { axis: -1 });
}

function turned(w: Writer, x: Value): Value {
  return w.transpose(x, 0, 1, 3, 2);
}

function plusOne(w: Writer, x: Value): Value {
  return w.op('Add', [x, w.builder.float('', 1e-3)]);
}

/** Orders in which queries, keys and values are multiplied, and operators that do it. */
export const CORES: Record<string, Core> = {
  'softmax of products': (w, q, k, v) => w.op('MatMul', [softmax(w, w.op('MatMul', [q, turned(w, k)])), v]),
  'scores by Mul and ReduceSum': (w, q, k, v) => w.op('MatMul', [softmax(w, w.productSum(q, 3, k, 2, -1)), v]),
  'both products by Mul and ReduceSum': (w, q, k, v) =>
    w.productSum(softmax(w, w.productSum(q, 3, k, 2, -1)), 4, v, 2, 3),
  'keys and values first': (w, q, k, v) =>
    w.op('MatMul', [q, w.op('MatMul', [turned(w, w.op('Softmax', [k], { axis: 2 })), v])]),
  'keys and values first, by Einsum': (w, q, k, v) => {
    const both = w.op('Einsum', [w.op('Relu', [k]), v], { equation: 'bhnd,bhne->bhde' });
    return w.op('Einsum', [w.op('Relu', [q]), both], { equation: 'bhnd,bhde->bhne' });
  },
  'keys and values first, divided by a product': (w, q, k, v) => {
    const [own, keys] = [w.op('Relu', [q]), w.op('Relu', [k])];
    const sum = w.op('ReduceSum', [keys, w.ints(2)], { keepdims: 1 });
    const mixed = w.op('MatMul', [own, w.op('MatMul', [turned(w, keys), v])]);
    return w.op('Div', [mixed, plusOne(w, w.op('MatMul', [own, turned(w, sum)]))]);
  },
  'keys and values first, divided by a sum': (w, q, k, v) => {
    const [own, keys] = [w.op('Relu', [q]), w.op('Relu', [k])];
    const sum = w.op('ReduceSum', [keys, w.ints(2)], { keepdims: 1 });
    const divisor = w.op('ReduceSum', [w.op('Mul', [own, sum]), w.ints(-1)], { keepdims: 1 });
    return w.op('Div', [w.op('MatMul', [own, w.op('MatMul', [turned(w, keys), v])]), plusOne(w, divisor)]);
  },
  'squares of scores': (w, q, k, v) => {
    const scores = w.op('Relu', [w.op('MatMul', [q, turned(w, k)])]);
    return w.op('MatMul', [w.op('Mul', [scores, scores]), v]);
  },
};

/** What looks like one of these and is none, or not quite: whatever is followed has to be right all the same. */
export const LOOK_ALIKES: Record<string, Core> = {
  'queries and keys that are not zero without their weights': (w, q, k, v) => {
    const positive = (x: Value) => w.op('Add', [w.op('Elu', [x]), w.builder.float('', 1)]);
    return w.op('MatMul', [positive(q), w.op('MatMul', [turned(w, positive(k)), v])]);
  },
  'keys times values that are read elsewhere too': (w, q, k, v) => {
    const both = w.op('MatMul', [turned(w, w.op('Relu', [k])), v]);
    const sum = w.op('ReduceSum', [both, w.ints(2)], { keepdims: 1 });
    return w.op('Add', [w.op('MatMul', [w.op('Relu', [q]), both]), sum]);
  },
  'keys times values, heads of values in another order': (w, q, k, v) => {
    const others = w.op('Gather', [v, w.ints(1, 0)], { axis: 1 });
    return w.op('MatMul', [w.op('Relu', [q]), w.op('MatMul', [turned(w, w.op('Relu', [k])), others])]);
  },
  'a gate that is summed over tokens': (w, q, k, v) => {
    const gate = w.op('Mul', [w.op('Sigmoid', [q]), k]);
    return w.op('Add', [v, w.op('ReduceSum', [gate, w.ints(2)], { keepdims: 1 })]);
  },
  'a sum of squares of differences': (w, q, k, v) => {
    const apart = w.op('Sub', [w.op('Unsqueeze', [q, w.ints(3)]), w.op('Unsqueeze', [k, w.ints(2)])]);
    const far = w.op('ReduceSum', [w.op('Mul', [apart, apart]), w.ints(-1)], { keepdims: 0 });
    return w.op('MatMul', [softmax(w, w.op('Neg', [far])), v]);
  },
};

/** A model of one attention. */
export function attention(
  project: Project,
  output = OUTPUTS['Reshape and MatMul'],
  core: Core = CORES['softmax of products'],
): Writer {
  const w = new Writer(7);
  const [q, k, v] = project(w);
  w.builder.output(output(w, core(w, q, k, v)), 'y', 'FLOAT', ['batch', 'tokens', 4]);
  return w;
}

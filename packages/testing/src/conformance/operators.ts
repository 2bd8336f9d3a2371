import { dataTypeCode, Tensor, type Value } from '@snp/onnx';
import type { Attributes, Sampler } from './sampler.js';

/** Builds one instance of an operator and gives the values to look at. */
type Instance = (sampler: Sampler) => readonly Value[];

const unary =
  (op: string, attributes: (s: Sampler) => Attributes = () => ({})): Instance =>
  (s) => [s.one(op, [s.operand(s.shape(s.whole(1, 5)))], attributes(s))];

/** Two shapes that broadcast to one. */
function broadcast(s: Sampler, count = 2): number[][] {
  const shape = s.shape(s.whole(1, 5));
  return Array.from({ length: count }, (_, at) => {
    const own = shape.map((dim) => (s.maybe(0.25) ? 1 : dim));
    return at === 0 ? own : own.slice(s.maybe(0.3) ? s.whole(0, own.length - 1) : 0);
  });
}

const binary =
  (op: string, attributes: (s: Sampler) => Attributes = () => ({})): Instance =>
  (s) => {
    const [a, b] = broadcast(s);
    const operands = [s.operand(a), s.operand(b)];
    return [s.one(op, s.maybe() ? operands : operands.reverse(), attributes(s))];
  };

const comparison =
  (op: string): Instance =>
  (s) => [s.cast(binary(op)(s)[0], 'FLOAT')];

const logical =
  (op: string): Instance =>
  (s) => {
    const [a, b] = broadcast(s);
    return [s.cast(s.one(op, [s.cast(s.operand(a), 'BOOL'), s.cast(s.operand(b), 'BOOL')]), 'FLOAT')];
  };

const several =
  (op: string): Instance =>
  (s) => [
    s.one(
      op,
      broadcast(s, s.whole(1, 3)).map((shape) => s.operand(shape)),
    ),
  ];

/** [batch, channels, ...spatial] */
function picture(s: Sampler, spatial = s.whole(1, 3)): number[] {
  return [s.whole(1, 2), s.choose([2, 4, 6]), ...Array.from({ length: spatial }, () => s.whole(3, 5))];
}

/** Attributes of windows that slide over spatial axes. */
function window(s: Sampler, spatial: number, older: boolean): Attributes & { kernel_shape: number[] } {
  const each = (make: () => number) => Array.from({ length: spatial }, make);
  const kernel_shape = each(() => s.whole(1, 3));
  const auto = s.maybe(0.3) ? { auto_pad: s.choose(['SAME_UPPER', 'SAME_LOWER', 'VALID']) } : {};
  const pads =
    'auto_pad' in auto || s.maybe()
      ? {}
      : { pads: [...kernel_shape, ...kernel_shape].map((size) => s.whole(0, size - 1)) };
  const strides = s.maybe() ? { strides: each(() => s.whole(1, 2)) } : {};
  const ceil = older || s.maybe(0.7) ? {} : { ceil_mode: 1 };
  return { kernel_shape, ...auto, ...pads, ...strides, ...ceil };
}

const pool =
  (op: string, attributes: (s: Sampler) => Attributes): Instance =>
  (s) => {
    const shape = picture(s);
    return [s.one(op, [s.operand(shape)], { ...window(s, shape.length - 2, s.opset < 10), ...attributes(s) })];
  };

const globalPool =
  (op: string, attributes: (s: Sampler) => Attributes = () => ({})): Instance =>
  (s) => [s.one(op, [s.operand(picture(s))], attributes(s))];

const reduction =
  (op: string): Instance =>
  (s) => {
    const rank = s.whole(1, 5);
    const axes = [...Array(rank).keys()].filter(() => s.maybe(0.4)).map((axis) => axis - (s.maybe() ? rank : 0));
    const asInput = s.opset >= 18 || (op === 'ReduceSum' && s.opset >= 13);
    const none = axes.length === 0;
    const noop: Record<string, number> = asInput && s.maybe(0.3) ? { noop_with_empty_axes: 1 } : {};
    const keep: Record<string, number> = s.maybe() ? { keepdims: s.whole(0, 1) } : {};
    const operand = s.operand(s.shape(rank));
    if (!asInput) return [s.one(op, [operand], { ...keep, ...(none ? {} : { axes }) })];
    return [s.one(op, none && s.maybe() ? [operand] : [operand, s.ints(axes)], { ...keep, ...noop })];
  };

/** A norm over the last axis that an exporter took apart. */
const normTakenApart: Instance = (s) => {
  const shape = s.shape(s.whole(2, 4)).with(-1, s.choose([4, 6, 8]));
  const n = shape[shape.length - 1];
  const x = s.activation(shape, false, [shape.length - 1]);
  // Now and then the axis is dropped, and comes back; one in seven times as another one, which is no norm.
  const keepdims = s.choose([1, 1, 0]);
  const back = s.choose([-1, -1, -1, -1, -1, -1, 0]);
  const reduced = (op: string, asInput: boolean, value: Value) => {
    const result = asInput
      ? s.one(op, [value, s.ints([-1])], { keepdims })
      : s.one(op, [value], { axes: [-1], keepdims });
    if (keepdims === 1) return result;
    return s.opset >= 13
      ? s.one('Unsqueeze', [result, s.ints([back])])
      : s.one('Unsqueeze', [result], { axes: [back] });
  };
  const mean = (value: Value) => reduced('ReduceMean', s.opset >= 18, value);
  const sum = (value: Value) => reduced('ReduceSum', s.opset >= 13, value);
  const number = (value: number) => s.weight([], () => value);
  // One in seven sums is divided by another number, and is no mean.
  const divisor = s.choose([n, n, n, n, n, n, n + 1]);
  const means: readonly ((value: Value) => Value)[] = [
    mean,
    mean,
    (value) => s.one('Div', [sum(value), number(divisor)]),
    (value) => s.one('Mul', [sum(value), number(1 / divisor)]),
  ];
  const centred = s.maybe(0.7) ? s.one('Sub', [x, s.choose(means)(x)]) : x;
  const square = s.maybe() ? s.one('Mul', [centred, centred]) : s.one('Pow', [centred, number(2)]);
  const moments = () => {
    const mu = mean(x);
    return s.one('Sub', [mean(s.one('Mul', [x, x])), s.one('Mul', [mu, s.choose([mu, mu, mu, mean(square)])])]);
  };
  const average = s.maybe(0.2)
    ? moments()
    : s.maybe(0.6)
      ? mean(square)
      : s.maybe()
        ? s.one('Div', [sum(square), number(n)])
        : s.one('Mul', [sum(square), number(1 / n)]);
  const more = s.one('Add', [average, number(1e-3)]);
  const scale = s.weight([n]);
  const styles: readonly (() => Value)[] = [
    () => s.one('Mul', [s.one('Div', [centred, s.one('Sqrt', [more])]), scale]),
    () => s.one('Mul', [s.one('Mul', [centred, s.one('Reciprocal', [s.one('Sqrt', [more])])]), scale]),
    () => s.one('Mul', [s.one('Mul', [s.one('Pow', [more, number(-0.5)]), scale]), centred]),
    () => s.one('Div', [s.one('Mul', [scale, centred]), s.one('Sqrt', [more])]),
    () => s.one('Mul', [scale, s.one('Mul', [centred, s.one('Div', [number(1), s.one('Sqrt', [more])])])]),
    () => s.one('Div', [centred, s.one('Sqrt', [more])]),
    () => s.one('Mul', [centred, s.one('Pow', [more, number(-0.5)])]),
    // Not a norm: look-alikes, which must be left alone.
    () => s.one('Mul', [s.one('Mul', [centred, more]), scale]),
    () => s.one('Mul', [s.one('Mul', [centred, s.one('Sqrt', [more])]), scale]),
    () => s.one('Mul', [s.one('Div', [centred, more]), scale]),
    () =>
      s.one('Mul', [
        s.one('Div', [s.one('Mul', [s.activation(shape, false, [shape.length - 1]), x]), s.one('Sqrt', [more])]),
        scale,
      ]),
    () => s.one('Mul', [s.one('Add', [centred, s.one('Sqrt', [more])]), scale]),
    () => s.one('Mul', [s.one('Div', [centred, s.one('Sqrt', [s.one('Mul', [more, number(3.3)])])]), scale]),
  ];
  return [s.choose(styles)()];
};

const layerNorm =
  (op: string, shift: boolean): Instance =>
  (s) => {
    const shape = s.shape(s.whole(1, 4));
    const first = shape.length - s.whole(1, Math.min(2, shape.length));
    const axis = s.maybe() ? first : first - shape.length;
    const own = shape.slice(first);
    const stated = first === shape.length - 1 && s.maybe() ? {} : { axis };
    const bias = shift && s.maybe() ? [s.weight(own)] : [];
    return [
      s.one(op, [s.operand(shape), s.maybe(0.9) ? s.weight(own) : s.operand(own), ...bias], {
        ...stated,
        epsilon: 0.01,
      }),
    ];
  };

const skipNorm =
  (op: string, shift: boolean): Instance =>
  (s) => {
    const shape = s.shape(3);
    const own = shape.slice(2);
    const shifts = shift ? [s.maybe() ? s.weight(own) : undefined] : [];
    const bias = s.maybe() ? [s.weight(own)] : [];
    const inputs = [s.operand(shape), s.operand(shape), s.weight(own), ...shifts, ...bias];
    const outputs = s.node(op, inputs, { epsilon: { float: 0.01 } }, 4);
    return [outputs[0], ...(s.maybe() ? [outputs[3]] : [])];
  };

const embedNorm: Instance = (s) => {
  const [batch, tokens, width] = [2, 3, s.choose([4, 6])];
  const ids = (name: string, rows: number) => s.indices(name, [batch, tokens], rows);
  const table = (rows: number) => s.weight([rows, width]);
  const segments = s.maybe();
  const inputs = [
    ids('ids', 7),
    segments ? ids('segments', 2) : undefined,
    table(7),
    table(5),
    segments ? table(2) : undefined,
    s.weight([width]),
    s.weight([width]),
  ];
  const outputs = s.node('com.microsoft.EmbedLayerNormalization', inputs, { epsilon: { float: 0.01 } }, 3);
  return [outputs[0], ...(s.maybe() ? [outputs[2]] : [])];
};

const matMul: Instance = (s) => {
  const [m, k, n] = [s.choose([1, 2, 4]), s.choose([2, 4, 6]), s.choose([2, 4])];
  const batch = broadcast(s).map((shape) => shape.slice(0, s.whole(0, 2)));
  const a = s.maybe(0.1) ? [k] : [...batch[0], m, k];
  const b = s.maybe(0.1) ? [k] : [...(s.maybe() ? batch[1].slice(0, batch[0].length) : []), k, n];
  return [s.one('MatMul', [s.operand(a), s.operand(b)])];
};

const fusedMatMul: Instance = (s) => {
  const [m, k, n] = [s.choose([1, 2, 4]), s.choose([2, 4, 6]), s.choose([2, 4])];
  const [transA, transB] = [s.whole(0, 1), s.whole(0, 1)];
  const batch = s.maybe() ? [s.whole(1, 3)] : [];
  const a = [...batch, ...(transA ? [k, m] : [m, k])];
  const b = [...batch, ...(transB ? [n, k] : [k, n])];
  return [
    s.one('com.microsoft.FusedMatMul', [s.operand(a), s.operand(b)], { transA, transB, alpha: { float: s.number() } }),
  ];
};

const gemm =
  (op: string, attributes: (s: Sampler) => Attributes = () => ({})): Instance =>
  (s) => {
    const [m, k, n] = [s.choose([1, 2, 4]), s.choose([2, 4, 6]), s.choose([2, 4])];
    const [transA, transB] = [s.whole(0, 1), s.whole(0, 1)];
    const bias = s.choose([undefined, [n], [1, n], [m, n], [m, 1], [1]]);
    const inputs = [
      s.operand(transA ? [k, m] : [m, k]),
      s.operand(transB ? [n, k] : [k, n]),
      ...(bias ? [s.operand(bias)] : []),
    ];
    const factors = s.some({
      alpha: () => ({ float: s.number() }),
      beta: () => ({ float: s.number() }),
    });
    return [s.one(op, inputs, { transA, transB, ...factors, ...attributes(s) })];
  };

const conv: Instance = (s) => {
  const shape = picture(s, s.whole(1, 2));
  const [, channels, ...spatial] = shape;
  const group = s.choose([1, 1, 1, channels, channels, 2]);
  const out = group * s.choose([1, 2, 3]);
  const attributes = window(s, spatial.length, true);
  const bias = s.maybe() ? [s.operand([out])] : [];
  const dilations: Record<string, number[]> =
    s.maybe(0.3) && !('auto_pad' in attributes) ? { dilations: spatial.map(() => 1 + s.whole(0, 1)) } : {};
  const kernel = [out, channels / group, ...attributes.kernel_shape];
  return [
    s.one('Conv', [s.operand(shape), s.maybe(0.8) ? s.weight(kernel) : s.operand(kernel), ...bias], {
      ...attributes,
      ...dilations,
      group,
    }),
  ];
};

const resize: Instance = (s) => {
  const shape = picture(s, 2);
  const [batch, channels, height, width] = shape;
  const mode = s.choose(['nearest', 'linear']);
  const x = s.operand(shape);
  if (s.opset < 10)
    return [
      s.one('Upsample', s.opset < 9 ? [x] : [x, s.weight([4], (at) => [1, 1, 2, 2][at])], {
        mode,
        ...(s.opset < 9 ? { scales: { type: 'FLOATS', value: [1, 1, 2, 2] } } : {}),
      }),
    ];
  const scales = s.model.graph.addInitializer('scales', floats([1, s.maybe(0.2) ? 2 : 1, 2, s.choose([1, 2, 0.5])]));
  if (s.opset < 11) return [s.one('Resize', [x, scales], { mode })];
  const roi = s.maybe() ? undefined : s.model.graph.addInitializer('roi', floats([]));
  const attributes = { mode, coordinate_transformation_mode: s.choose(['half_pixel', 'asymmetric', 'align_corners']) };
  if (s.maybe()) return [s.one('Resize', [x, roi, scales], attributes)];
  const sizes = s.ints([batch, s.maybe(0.2) ? 2 * channels : channels, height * 2, width + 1]);
  return [s.one('Resize', [x, roi, undefined, sizes], attributes)];
};

const pad: Instance = (s) => {
  const rank = s.whole(1, 4);
  const pads = Array.from({ length: 2 * rank }, () => (s.maybe(0.3) ? s.choose([1, 2, 1, -1]) : 0));
  const x = s.operand(s.shape(rank).map((dim) => Math.max(dim, 3)));
  const mode = s.choose(['constant', 'constant', 'edge', 'reflect']);
  if (s.opset < 11) return [s.one('Pad', [x], { mode, pads, ...(s.maybe() ? { value: { float: 1.5 } } : {}) })];
  const value = s.maybe() ? [s.weight([], () => s.choose([0, 1.5]))] : [];
  if (s.opset < 18 || s.maybe()) return [s.one('Pad', [x, s.ints(pads), ...value], { mode })];
  const axes = s.ints([rank - 1 - (s.maybe() ? rank : 0)]);
  return [s.one('Pad', [x, s.ints([pads[0], pads[1]]), value[0], axes], { mode })];
};

const gather: Instance = (s) => {
  const shape = s.shape(s.whole(1, 4));
  const axis = s.axis(shape.length);
  const size = shape.at(axis)!;
  const indices = Array.from({ length: s.whole(1, 4) }, () => s.whole(-size, size - 1));
  const unique = [...new Set(indices.map((at) => (at + size) % size))];
  const x = s.operand(shape);
  const stated = axis === 0 && s.maybe() ? {} : { axis };
  if (s.maybe(0.2)) return [s.one('Gather', [x, s.int(indices[0])], stated)];
  if (s.maybe(0.2)) {
    const index = s.indices('indices', [indices.length], size);
    return [s.one('Gather', [x, index], stated)];
  }
  return [s.one('Gather', [x, s.ints(s.maybe() ? unique : indices)], stated)];
};

const gatherNd: Instance = (s) => {
  const shape = s.shape(s.whole(2, 4));
  const width = s.maybe() ? 1 : s.whole(1, shape.length);
  const rows = Array.from({ length: s.whole(1, 3) }, () =>
    shape.slice(0, width).map((size) => s.whole(-size, size - 1)),
  );
  const dims = s.maybe(0.2) ? [width] : [rows.length, width];
  const numbers = rows.slice(0, dims.length === 1 ? 1 : rows.length).flat();
  const indices = s.model.graph.addInitializer('indices', Tensor.int64(dims, numbers));
  const batch = s.opset >= 12 && s.maybe(0.2) ? { batch_dims: 0 } : {};
  return [s.one('GatherND', [s.operand(shape), indices], batch)];
};

const slice: Instance = (s) => {
  const shape = s.shape(s.whole(1, 4));
  const axes = [...shape.keys()].filter(() => s.maybe()).slice(0, 2);
  if (axes.length === 0) axes.push(0);
  const bound = (at: number) => s.whole(-shape[axes[at]] - 1, shape[axes[at]] + 1);
  const starts = axes.map((_, at) => bound(at));
  const ends = axes.map((_, at) => (s.maybe(0.3) ? 2 ** 31 - 1 : bound(at)));
  const named = axes.map((axis) => axis - (s.maybe() ? shape.length : 0));
  const x = s.operand(shape);
  if (s.opset < 10) return [s.one('Slice', [x], { starts, ends, axes })];
  const steps = axes.map(() => s.choose([1, 1, 2, -1, -2]));
  return [s.one('Slice', [x, s.ints(starts), s.ints(ends), s.ints(named), ...(s.maybe() ? [s.ints(steps)] : [])])];
};

const split: Instance = (s) => {
  const shape = s.shape(s.whole(1, 4));
  const axis = s.axis(shape.length);
  const size = shape.at(axis)!;
  const parts = s.choose([1, 2, 3].filter((count) => count <= size));
  const sizes = Array.from({ length: parts }, (_, at) =>
    at < parts - 1 ? Math.floor(size / parts) : size - (parts - 1) * Math.floor(size / parts),
  );
  const uneven = s.maybe() ? sizes : sizes.toReversed();
  const x = s.operand(shape);
  const stated = axis === 0 && s.maybe() ? {} : { axis };
  const even = size % parts === 0 && s.maybe(0.4);
  const outputs =
    s.opset < 13
      ? s.node('Split', [x], { ...stated, ...(even ? {} : { split: uneven }) }, parts)
      : even
        ? s.node('Split', [x], { ...stated, ...(s.opset >= 18 ? { num_outputs: parts } : {}) }, parts)
        : s.node('Split', [x, s.ints(uneven)], stated, parts);
  return outputs;
};

const concat: Instance = (s) => {
  const shape = s.shape(s.whole(1, 4));
  const axis = s.axis(shape.length);
  const operands = Array.from({ length: s.whole(1, 3) }, () => s.operand(shape.with(axis, s.choose([1, 2, 4]))));
  if (s.maybe(0.2) && shape.length > 1) operands.push(operands[0]);
  return [s.one('Concat', operands, { axis })];
};

const reshape: Instance = (s) => {
  const groups = Array.from({ length: s.whole(1, 3) }, () => s.choose([[4], [6], [2, 3], [2, 2], [4, 3], [2, 4, 1]]));
  const view = () =>
    groups.flatMap((group) => (s.maybe() ? group : [group.reduce((product, dim) => product * dim, 1)]));
  const [from, to] = [view(), view()];
  const target: number[] = to.map((dim, axis) => (dim === from[axis] && s.maybe(0.3) ? 0 : dim));
  if (s.maybe(0.3)) target[s.whole(0, target.length - 1)] = -1;
  const x = s.operand(from);
  const allow: Record<string, number> = s.opset >= 14 && !target.includes(0) && s.maybe(0.3) ? { allowzero: 1 } : {};
  return [s.one('Reshape', [x, s.ints(target)], allow)];
};

const flatten: Instance = (s) => {
  const shape = s.shape(s.whole(1, 4));
  const axis = s.opset >= 11 && s.maybe() ? -s.whole(1, shape.length) : s.whole(0, shape.length);
  return [s.one('Flatten', [s.operand(shape)], s.maybe(0.2) ? {} : { axis })];
};

const transpose: Instance = (s) => {
  const shape = s.shape(s.whole(1, 5));
  const perm = [...shape.keys()]
    .map((axis) => [s.number(), axis])
    .sort(([a], [b]) => a - b)
    .map(([, axis]) => axis);
  return [s.one('Transpose', [s.operand(shape)], s.maybe(0.2) ? {} : { perm })];
};

const squeeze =
  (op: 'Squeeze' | 'Unsqueeze'): Instance =>
  (s) => {
    const full = s.shape(s.whole(2, 5));
    const ones = [...full.keys()].filter(() => s.maybe(0.4));
    const shape = full.map((dim, axis) => (ones.includes(axis) ? 1 : dim));
    const axes = ones.map((axis) => axis - (s.opset >= 11 && s.maybe() ? shape.length : 0));
    const x = s.operand(op === 'Squeeze' ? shape : shape.filter((_, axis) => !ones.includes(axis)));
    if (op === 'Squeeze' && s.maybe(0.2)) return [s.one(op, [x])];
    return [s.opset < 13 ? s.one(op, [x], { axes }) : s.one(op, [x, s.ints(axes)])];
  };

const expand: Instance = (s) => {
  const shape = s.shape(s.whole(1, 4));
  const target = [
    ...(s.maybe(0.3) ? [2] : []),
    ...shape.map((dim) => (dim === 1 ? s.choose([1, 3]) : s.maybe(0.3) ? 1 : dim)),
  ];
  return [s.one('Expand', [s.operand(shape), s.ints(target)])];
};

const tile: Instance = (s) => {
  const shape = s.shape(s.whole(1, 4));
  return [s.one('Tile', [s.operand(shape), s.ints(shape.map(() => s.choose([1, 1, 1, 2])))])];
};

const softmax =
  (op: string): Instance =>
  (s) => {
    const shape = s.shape(s.whole(1, 4));
    const axis = s.opset < 11 ? s.whole(0, shape.length - 1) : s.axis(shape.length);
    return [s.one(op, [s.operand(shape)], s.maybe(0.3) ? {} : { axis })];
  };

const batchNorm: Instance = (s) => {
  const shape = s.maybe(0.2) ? s.shape(2) : picture(s);
  const channels = [shape[1]];
  const positive = () => s.weight(channels, () => s.number(0.5, 2));
  const inputs = [s.operand(shape), s.weight(channels), s.weight(channels), s.weight(channels), positive()];
  const training = s.opset >= 14 && s.maybe(0.4);
  const attributes = {
    ...s.some({ epsilon: () => ({ float: 0.01 }), momentum: () => ({ float: 0.7 }) }),
    ...(training ? { training_mode: 1 } : {}),
  };
  return s.node('BatchNormalization', inputs, attributes, training ? s.choose([1, 3]) : 1);
};

const instanceNorm: Instance = (s) => {
  const shape = s.maybe() ? s.shape(3) : picture(s);
  const inputs = [s.operand(shape), s.weight([shape[1]]), s.weight([shape[1]])];
  return [s.one('InstanceNormalization', inputs, s.some({ epsilon: () => ({ float: 0.01 }) }))];
};

const einsum: Instance = (s) => {
  const sizes: Record<string, number> = { a: 2, b: 3, c: 4, d: 2, e: 6 };
  const equation = s.choose([
    'ab,bc->ac',
    'abc,cd->abd',
    'abc,cde->abde',
    'abde,dec->abc',
    'abcd,aecd->acbe',
    'abc,abd->acd',
    'ab->ba',
    'abc->ac',
    'ab,ab->a',
    'ab,a->ab',
    '...b,bc->...c',
    'abc,c->abc',
  ]);
  const operands = equation.split('->')[0].split(',');
  const shapes = operands.map((letters) => [...letters.replace('...', 'ad')].map((letter) => sizes[letter]));
  return [
    s.one(
      'Einsum',
      shapes.map((shape) => s.operand(shape)),
      { equation },
    ),
  ];
};

const dropout: Instance = (s) => {
  const x = s.operand(s.shape(s.whole(1, 4)));
  if (s.opset < 12) return s.node('Dropout', [x], s.maybe() ? { ratio: { float: 0.3 } } : {}, 1);
  const ratio = s.maybe() ? [s.weight([], () => 0.3)] : [];
  return s.node('Dropout', [x, ...ratio], s.some({ seed: () => 3 }), 1);
};

const clip: Instance = (s) => {
  const x = s.operand(s.shape(s.whole(1, 4)));
  const [low, high] = [s.number(-1, 0.5), s.number(0.6, 2)];
  if (s.opset < 11) return [s.one('Clip', [x], s.some({ min: () => ({ float: low }), max: () => ({ float: high }) }))];
  const scalar = (value: number) => s.weight([], () => value);
  const bound = (value: number) => (s.maybe(0.7) ? scalar(value) : undefined);
  if (s.maybe(0.7)) return [s.one('Clip', [x, bound(low), bound(high)])];
  // Bounds that are chosen while the model runs.
  const chosen = s.one('Where', [s.cast(s.input([]), 'BOOL'), scalar(s.number(-1, 2)), scalar(high)]);
  return [s.one('Clip', [x, s.one('Neg', [chosen]), chosen])];
};

const pow: Instance = (s) => {
  const [a, b] = broadcast(s);
  const constant = s.weight([], () => s.choose([2, 3, 0.5, -1, 0, 1]));
  return [s.one('Pow', [s.operand(a), s.maybe(0.7) ? constant : s.operand(b)])];
};

const where: Instance = (s) => {
  const [a, b, c] = broadcast(s, 3);
  const branch = (shape: readonly number[]) => (s.maybe(0.2) ? s.weight([], () => 0) : s.operand(shape));
  return [s.one('Where', [s.cast(s.operand(a), 'BOOL'), branch(b), branch(c)])];
};

const cast: Instance = (s) => {
  const x = s.operand(s.shape(s.whole(1, 4)));
  const to = s.choose(['FLOAT', 'FLOAT16', 'INT64', 'BOOL', 'INT32'] as const);
  return [s.cast(s.cast(x, to), 'FLOAT')];
};

const prelu: Instance = (s) => {
  const shape = s.shape(s.whole(1, 4));
  const slope = shape.slice(s.whole(0, shape.length - 1)).map((dim) => (s.maybe(0.3) ? 1 : dim));
  return [s.one('PRelu', [s.operand(shape), s.operand(slope)])];
};

const biased =
  (op: string, required: boolean): Instance =>
  (s) => {
    const shape = s.shape(s.whole(1, 4));
    const own = shape.slice(-1);
    return [s.one(op, required || s.maybe() ? [s.operand(shape), s.operand(own)] : [s.operand(shape)])];
  };

const shapeOf =
  (op: string): Instance =>
  (s) => {
    const told = s.one(
      op,
      [s.operand(s.shape(s.whole(1, 4)))],
      op === 'Shape' && s.opset >= 15 ? s.some({ start: () => 0, end: () => 2 }) : {},
    );
    return [told];
  };

const float = (name: string, low: number, high: number) => (s: Sampler) =>
  s.some({ [name]: () => ({ float: s.number(low, high) }) });

function floats(numbers: readonly number[]) {
  return Tensor.float32([numbers.length], numbers);
}

/** One way to draw an instance of every operator with a rule. */
export const INSTANCES: Readonly<Record<string, Instance>> = {
  ...Object.fromEntries(
    [
      'Abs',
      'Acos',
      'Acosh',
      'Asin',
      'Asinh',
      'Atan',
      'Atanh',
      'Ceil',
      'Cos',
      'Cosh',
      'Erf',
      'Exp',
      'HardSwish',
      'Identity',
      'Log',
      'Mish',
      'Neg',
      'Reciprocal',
      'Relu',
      'Round',
      'Sigmoid',
      'Sign',
      'Sin',
      'Sinh',
      'Softplus',
      'Softsign',
      'Sqrt',
      'Tan',
      'Tanh',
      'com.microsoft.Gelu',
    ].map((op) => [op, unary(op)]),
  ),
  Add: binary('Add'),
  And: logical('And'),
  AveragePool: pool('AveragePool', (s) => s.some({ count_include_pad: () => 1 })),
  BatchNormalization: batchNorm,
  InstanceNormalization: instanceNorm,
  BitShift: (s) => {
    const [a, b] = broadcast(s).map((shape) =>
      s.one('Cast', [s.one('Abs', [s.operand(shape)])], { to: dataTypeCode('UINT8') }),
    );
    return [s.cast(s.one('BitShift', [a, b], { direction: s.choose(['LEFT', 'RIGHT']) }), 'FLOAT')];
  },
  Cast: cast,
  CastLike: (s) => [s.one('CastLike', [s.operand(s.shape(3)), s.weight([1])])],
  Celu: unary('Celu', float('alpha', 0.5, 2)),
  Clip: clip,
  Concat: concat,
  Conv: conv,
  Div: binary('Div'),
  Dropout: dropout,
  Einsum: einsum,
  Elu: unary('Elu', float('alpha', 0.5, 2)),
  Equal: comparison('Equal'),
  Expand: expand,
  Flatten: flatten,
  Gather: gather,
  // Of small numbers only zero would be left.
  Floor: (s) => [s.one('Floor', [s.one('Mul', [s.operand(s.shape(s.whole(1, 4))), s.weight([], () => 3)])])],
  GatherND: gatherNd,
  Gelu: unary('Gelu', (s) => s.some({ approximate: () => s.choose(['tanh', 'none']) })),
  Gemm: gemm('Gemm'),
  GlobalAveragePool: globalPool('GlobalAveragePool'),
  GlobalLpPool: globalPool('GlobalLpPool', (s) => s.some({ p: () => s.whole(1, 2) })),
  GlobalMaxPool: globalPool('GlobalMaxPool'),
  Greater: comparison('Greater'),
  GreaterOrEqual: comparison('GreaterOrEqual'),
  HardSigmoid: unary('HardSigmoid', float('alpha', 0.1, 0.5)),
  Hardmax: softmax('Hardmax'),
  IsInf: (s) => [s.cast(unary('IsInf')(s)[0], 'FLOAT')],
  IsNaN: (s) => [s.cast(unary('IsNaN')(s)[0], 'FLOAT')],
  LayerNormalization: layerNorm('LayerNormalization', true),
  LeakyRelu: unary('LeakyRelu', float('alpha', 0.1, 0.5)),
  Less: comparison('Less'),
  LessOrEqual: comparison('LessOrEqual'),
  LogSoftmax: softmax('LogSoftmax'),
  LpPool: pool('LpPool', (s) => s.some({ p: () => s.whole(1, 2) })),
  MatMul: matMul,
  Max: several('Max'),
  MaxPool: pool('MaxPool', () => ({})),
  Mean: several('Mean'),
  Min: several('Min'),
  Mod: binary('Mod', () => ({ fmod: 1 })),
  Mul: binary('Mul'),
  Not: (s) => [s.cast(s.one('Not', [s.cast(s.operand(s.shape(3)), 'BOOL')]), 'FLOAT')],
  Or: logical('Or'),
  PRelu: prelu,
  Pad: pad,
  Pow: pow,
  RMSNormalization: layerNorm('RMSNormalization', false),
  ReduceL1: reduction('ReduceL1'),
  ReduceL2: reduction('ReduceL2'),
  ReduceLogSum: reduction('ReduceLogSum'),
  ReduceLogSumExp: reduction('ReduceLogSumExp'),
  ReduceMax: reduction('ReduceMax'),
  ReduceMean: (s) => (s.maybe(0.6) ? normTakenApart(s) : reduction('ReduceMean')(s)),
  ReduceMin: reduction('ReduceMin'),
  ReduceProd: reduction('ReduceProd'),
  ReduceSum: (s) => (s.maybe(0.4) ? normTakenApart(s) : reduction('ReduceSum')(s)),
  ReduceSumSquare: reduction('ReduceSumSquare'),
  Reshape: reshape,
  Resize: resize,
  Selu: unary('Selu'),
  Shape: shapeOf('Shape'),
  Shrink: unary('Shrink', (s) => ({ lambd: { float: s.number(-0.5, 1) }, bias: { float: s.number(0, 1) } })),
  SimplifiedLayerNormalization: layerNorm('SimplifiedLayerNormalization', false),
  Size: shapeOf('Size'),
  Slice: slice,
  Softmax: softmax('Softmax'),
  Split: split,
  Squeeze: squeeze('Squeeze'),
  Sub: binary('Sub'),
  Sum: several('Sum'),
  Swish: unary('Swish', float('alpha', 0.5, 2)),
  ThresholdedRelu: unary('ThresholdedRelu', float('alpha', -1, 1)),
  Tile: tile,
  Transpose: transpose,
  Unsqueeze: squeeze('Unsqueeze'),
  Upsample: resize,
  Where: where,
  Xor: logical('Xor'),
  'com.microsoft.BiasGelu': biased('com.microsoft.BiasGelu', true),
  'com.microsoft.EmbedLayerNormalization': embedNorm,
  'com.microsoft.FastGelu': biased('com.microsoft.FastGelu', false),
  'com.microsoft.FusedGemm': gemm('com.microsoft.FusedGemm', (s) => ({
    activation: s.choose(['Relu', 'Tanh', 'Sigmoid', 'LeakyRelu', 'Softplus']),
  })),
  'com.microsoft.FusedMatMul': fusedMatMul,
  'com.microsoft.QuickGelu': unary('com.microsoft.QuickGelu', float('alpha', 0.5, 2)),
  'com.microsoft.SkipLayerNormalization': skipNorm('com.microsoft.SkipLayerNormalization', true),
  'com.microsoft.SkipSimplifiedLayerNormalization': skipNorm('com.microsoft.SkipSimplifiedLayerNormalization', false),
};

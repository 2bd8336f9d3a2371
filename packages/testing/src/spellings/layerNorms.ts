import { Tensor, type Value } from '@snp/onnx';
import { localFunction } from './localFunction.js';
import { affine, channelsFirst, LAYER, type NormParts, type NormSpelling } from './normSpelling.js';
import type { SpellingWriter } from './spellingWriter.js';

function mean(w: SpellingWriter, x: Value): Value {
  return w.reduce('ReduceMean', x, [-1]);
}

function centre(w: SpellingWriter, x: Value): Value {
  return w.op('Sub', [x, mean(w, x)]);
}

function rootOf(w: SpellingWriter, variance: Value, { epsilon }: NormParts): Value {
  return w.op('Sqrt', [w.op('Add', [variance, w.number(epsilon)])]);
}

function square(w: SpellingWriter, x: Value): Value {
  return w.op('Pow', [x, w.number(2)]);
}

/** Centred, over the root of a variance that `variance` computes of the centred value. */
function by(variance: (w: SpellingWriter, centred: Value, parts: NormParts) => Value): NormSpelling['write'] {
  return (w, x, parts) => {
    const centred = centre(w, x);
    return affine(w, w.op('Div', [centred, rootOf(w, variance(w, centred, parts), parts)]), parts);
  };
}

/** The operator on given axes. */
function operator(axis: number): NormSpelling['write'] {
  return (w, x, { scale, shift, ones, epsilon }) =>
    w.op('LayerNormalization', [x, w.weight(scale ?? ones), ...(shift ? [w.weight(shift)] : [])], {
      axis,
      epsilon: { float: epsilon },
    });
}

/** N as the exporter of `torch.var` reads it off the shape. */
function widthOf(w: SpellingWriter, x: Value): Value {
  const size = w.op('Gather', [w.op('Shape', [x]), w.int(2)], { axis: 0 });
  return w.cast(size, w.float);
}

/** Spellings of LayerNorm (Ba et al., arXiv 1607.06450). */
export const LAYER_NORMS = {
  'layer-pow': { formula: LAYER, anyRank: true, write: by((w, x) => mean(w, square(w, x))) },
  'layer-operator': { formula: LAYER, since: 17, anyRank: true, write: operator(-1) },
  'layer-operator-from-front': { formula: LAYER, since: 17, write: operator(2) },
  'layer-mul': { formula: LAYER, anyRank: true, write: by((w, x) => mean(w, w.op('Mul', [x, x]))) },
  'layer-centred-twice': {
    formula: LAYER,
    anyRank: true,
    write: (w, x, parts) => {
      const variance = mean(w, square(w, centre(w, x)));
      return affine(w, w.op('Div', [centre(w, x), rootOf(w, variance, parts)]), parts);
    },
  },
  'layer-reciprocal': {
    formula: LAYER,
    anyRank: true,
    write: (w, x, parts) => {
      const centred = centre(w, x);
      const root = rootOf(w, mean(w, w.op('Mul', [centred, centred])), parts);
      return affine(w, w.op('Mul', [centred, w.op('Reciprocal', [root])]), parts);
    },
  },
  'layer-power-of-minus-half': {
    formula: LAYER,
    anyRank: true,
    write: (w, x, parts) => {
      const centred = centre(w, x);
      const padded = w.op('Add', [mean(w, square(w, centred)), w.number(parts.epsilon)]);
      return affine(w, w.op('Mul', [centred, w.op('Pow', [padded, w.number(-0.5)])]), parts);
    },
  },
  'layer-scale-into-root': {
    formula: LAYER,
    scale: 'always',
    shift: 'always',
    // As TensorFlow writes it: x * (gain / root) + (shift - mean * (gain / root)).
    write: (w, x, parts) => {
      const mu = mean(w, x);
      const difference = w.op('Sub', [x, mu]);
      const root = rootOf(w, mean(w, w.op('Mul', [difference, difference])), parts);
      const factor = w.op('Mul', [w.op('Reciprocal', [root]), w.weight(parts.scale!)]);
      const rest = w.op('Sub', [w.weight(parts.shift!), w.op('Mul', [mu, factor])]);
      return w.op('Add', [w.op('Mul', [x, factor]), rest]);
    },
  },
  'layer-sum-over-n': {
    formula: LAYER,
    anyRank: true,
    write: (w, x, parts) => {
      const average = (value: Value) => w.op('Div', [w.reduce('ReduceSum', value, [-1]), w.number(parts.channels)]);
      const centred = w.op('Sub', [x, average(x)]);
      return affine(w, w.op('Div', [centred, rootOf(w, average(square(w, centred)), parts)]), parts);
    },
  },
  'layer-sum-times-part': {
    formula: LAYER,
    write: by((w, x, { channels }) =>
      w.op('Mul', [w.reduce('ReduceSum', w.op('Mul', [x, x]), [-1]), w.number(1 / channels)]),
    ),
  },
  'layer-sum-over-shape': {
    formula: LAYER,
    write: by((w, x) => w.op('Div', [w.reduce('ReduceSum', square(w, x), [-1]), widthOf(w, x)])),
  },
  'layer-sum-of-squares': {
    formula: LAYER,
    write: by((w, x, { channels }) => w.op('Div', [w.reduce('ReduceSumSquare', x, [-1]), w.number(channels)])),
  },
  'layer-second-moment': {
    formula: LAYER,
    write: (w, x, parts) => {
      const mu = mean(w, x);
      const variance = w.op('Sub', [mean(w, square(w, x)), w.op('Mul', [mu, mu])]);
      return affine(w, w.op('Div', [w.op('Sub', [x, mu]), rootOf(w, variance, parts)]), parts);
    },
  },
  'layer-unbiased': {
    formula: { ...LAYER, divisor: 'N-1', epsilon: 'outside' },
    // The Annotated Transformer: a deviation over N - 1, epsilon added to it.
    write: (w, x, parts) => {
      const centred = centre(w, x);
      const sum = w.reduce('ReduceSum', square(w, centred), [-1]);
      const deviation = w.op('Sqrt', [w.op('Div', [sum, w.number(parts.channels - 1)])]);
      return affine(w, w.op('Div', [centred, w.op('Add', [deviation, w.number(parts.epsilon)])]), parts);
    },
  },
  'layer-bessel': {
    formula: { ...LAYER, divisor: 'N-1' },
    write: by((w, x, { channels }) => w.op('Mul', [mean(w, square(w, x)), w.number(channels / (channels - 1))])),
  },
  'layer-bessel-of-shape': {
    formula: { ...LAYER, divisor: 'N-1' },
    // `torch.var` in TorchScript: N and N - 1 from the shape at run time.
    write: by((w, x) => {
      const width = widthOf(w, x);
      const sum = w.op('Mul', [mean(w, w.op('Mul', [x, x])), width]);
      return w.op('Div', [sum, w.op('Sub', [width, w.number(1)])]);
    }),
  },
  'layer-without-kept-axis': {
    formula: LAYER,
    write: (w, x, parts) => {
      const average = (value: Value) => w.unsqueeze(w.reduce('ReduceMean', value, [2], 0), 2);
      const centred = w.op('Sub', [x, average(x)]);
      return affine(w, w.op('Div', [centred, rootOf(w, average(square(w, centred)), parts)]), parts);
    },
  },
  'layer-in-double': {
    formula: LAYER,
    write: (w, x, parts) => {
      const wide = w.cast(x, 'DOUBLE');
      const constant = (number: number) =>
        w.op('Constant', [], { value: Tensor.of('DOUBLE', [], Float64Array.of(number)) });
      const centred = w.op('Sub', [wide, mean(w, wide)]);
      const variance = mean(w, w.op('Pow', [centred, constant(2)]));
      const root = w.op('Sqrt', [w.op('Add', [variance, constant(parts.epsilon)])]);
      return affine(w, w.cast(w.op('Div', [centred, root]), w.float), parts);
    },
  },
  'layer-channels-first': {
    formula: LAYER,
    // ConvNeXt's LayerNorm2d.
    write: (w, x, parts) =>
      channelsFirst(w, x, (turned) => {
        const average = (value: Value) => w.reduce('ReduceMean', value, [1]);
        const centred = w.op('Sub', [turned, average(turned)]);
        const normed = w.op('Div', [centred, rootOf(w, average(square(w, centred)), parts)]);
        const scaled = parts.scale ? w.op('Mul', [w.weight(parts.scale.expand(1)), normed]) : normed;
        return parts.shift ? w.op('Add', [scaled, w.weight(parts.shift.expand(1))]) : scaled;
      }),
  },
  'layer-average-pool': {
    formula: LAYER,
    // Pooling runs over what lies behind the second axis: here the channels.
    write: (w, x, parts) => {
      const centred = w.op('Sub', [x, w.op('GlobalAveragePool', [x])]);
      const variance = w.op('GlobalAveragePool', [square(w, centred)]);
      return affine(w, w.op('Div', [centred, rootOf(w, variance, parts)]), parts);
    },
  },
  'layer-mean-by-product': {
    formula: { ...LAYER, keepsDivisor: true },
    write: (w, x, parts) => {
      const part = w.numbers([parts.channels, 1], new Float32Array(parts.channels).fill(1 / parts.channels));
      const centred = w.op('Sub', [x, w.op('MatMul', [x, part])]);
      const variance = w.op('MatMul', [square(w, centred), part]);
      return affine(w, w.op('Div', [centred, rootOf(w, variance, parts)]), parts);
    },
  },
  'layer-mean-variance': {
    formula: { ...LAYER, ownEpsilon: 1e-9 },
    since: 13,
    write: (w, x, parts) => affine(w, w.op('MeanVarianceNormalization', [x], { axes: [-1] }), parts),
  },
  'layer-instance': {
    formula: LAYER,
    // Every token is an instance of one channel, whose pixels are the channels.
    write: (w, x, parts) => {
      const [scale, shift] = [w.numbers([1], [1]), w.numbers([1], [0])];
      const rows = w.reshape(x, [-1, 1, parts.channels]);
      const normed = w.op('InstanceNormalization', [rows, scale, shift], { epsilon: { float: parts.epsilon } });
      return affine(w, w.reshape(normed, [w.axis(x, 0), w.axis(x, 1), parts.channels]), parts);
    },
  },
  'layer-group': {
    formula: LAYER,
    since: 21,
    write: (w, x, parts) => {
      const weights = [w.weight(parts.scale ?? parts.ones), w.weight(parts.shift ?? zerosLike(parts))];
      const rows = w.reshape(x, [-1, parts.channels]);
      const normed = w.op('GroupNormalization', [rows, ...weights], {
        num_groups: 1,
        epsilon: { float: parts.epsilon },
      });
      return w.reshape(normed, [w.axis(x, 0), w.axis(x, 1), parts.channels]);
    },
  },
  'layer-skip': {
    formula: LAYER,
    write: (w, x, parts) => {
      const half = w.op('Mul', [x, w.number(0.5)]);
      const weights = [w.weight(parts.scale ?? parts.ones), ...(parts.shift ? [w.weight(parts.shift)] : [])];
      return w.contrib('SkipLayerNormalization', [half, half, ...weights], { epsilon: { float: parts.epsilon } });
    },
  },
  'layer-function': {
    formula: LAYER,
    scale: 'always',
    shift: 'always',
    since: 18,
    write: (w, x, parts) =>
      localFunction(w, 'LayerNormFunction', [x], (body, [value]) => {
        const axes = body.ints(-1);
        const centred = body.op('Sub', [value, body.op('ReduceMean', [value, axes])]);
        const variance = body.op('ReduceMean', [body.op('Mul', [centred, centred]), axes]);
        return affine(body, body.op('Div', [centred, rootOf(body, variance, parts)]), parts);
      }),
  },
} as const satisfies Record<string, NormSpelling>;

function zerosLike({ ones }: NormParts) {
  return ones.map(`${ones.name}.zero`, () => 0);
}

import type { Value } from '@snp/onnx';
import { affine, type NormParts, type NormSpelling, RMS } from './normSpelling.js';
import type { SpellingWriter } from './spellingWriter.js';

function meanSquare(w: SpellingWriter, x: Value): Value {
  return w.reduce('ReduceMean', w.op('Pow', [x, w.number(2)]), [-1]);
}

function padded(w: SpellingWriter, value: Value, { epsilon }: NormParts): Value {
  return w.op('Add', [value, w.number(epsilon)]);
}

function operator(op: string): NormSpelling['write'] {
  return (w, x, { scale, ones, epsilon }) =>
    w.op(op, [x, w.weight(scale ?? ones)], { axis: -1, epsilon: { float: epsilon } });
}

/** Spellings of RMSNorm (Zhang and Sennrich, arXiv 1910.07467); `length` is a row divided by its length alone. */
export const RMS_NORMS = {
  'rms-pow': {
    formula: RMS,
    anyRank: true,
    write: (w, x, parts) => affine(w, w.op('Div', [x, w.op('Sqrt', [padded(w, meanSquare(w, x), parts)])]), parts),
  },
  'rms-rsqrt': {
    formula: RMS,
    anyRank: true,
    // LLaMA: x * rsqrt(...), the weight in front.
    shift: 'never',
    write: (w, x, parts) => {
      const root = w.op('Reciprocal', [w.op('Sqrt', [padded(w, meanSquare(w, x), parts)])]);
      const normed = w.op('Mul', [x, root]);
      return parts.scale ? w.op('Mul', [w.weight(parts.scale), normed]) : normed;
    },
  },
  'rms-one-over-root': {
    formula: RMS,
    anyRank: true,
    write: (w, x, parts) => {
      const root = w.op('Sqrt', [padded(w, w.reduce('ReduceMean', w.op('Mul', [x, x]), [-1]), parts)]);
      return affine(w, w.op('Mul', [w.op('Div', [w.number(1), root]), x]), parts);
    },
  },
  'rms-scale-first': {
    formula: RMS,
    scale: 'always',
    shift: 'never',
    // The weight meets the value before the statistics do.
    write: (w, x, parts) => {
      const root = w.op('Sqrt', [padded(w, meanSquare(w, x), parts)]);
      return w.op('Div', [w.op('Mul', [x, w.weight(parts.scale!)]), root]);
    },
  },
  'rms-around-one': {
    formula: RMS,
    scale: 'always',
    // Gemma stores the scale less one.
    write: (w, x, parts) => {
      const normed = w.op('Mul', [x, w.op('Pow', [padded(w, meanSquare(w, x), parts), w.number(-0.5)])]);
      const less = w.weight(parts.scale!.map(`${parts.scale!.name}.less`, (number) => number - 1));
      return affine(w, w.op('Mul', [normed, w.op('Add', [less, w.number(1)])]), { ...parts, scale: undefined });
    },
  },
  'rms-in-float32': {
    formula: RMS,
    write: (w, x, parts) => {
      const single = w.cast(x, 'FLOAT');
      const square = w.op('Mul', [single, single]);
      const mean = w.cast(w.reduce('ReduceMean', square, [-1]), w.float);
      return affine(w, w.op('Div', [x, w.op('Sqrt', [padded(w, mean, parts)])]), parts);
    },
  },
  'rms-sum-of-squares': {
    formula: RMS,
    write: (w, x, parts) => {
      const mean = w.op('Div', [w.reduce('ReduceSumSquare', x, [-1]), w.number(parts.channels)]);
      return affine(w, w.op('Div', [x, w.op('Sqrt', [padded(w, mean, parts)])]), parts);
    },
  },
  'rms-length-over-root': {
    formula: { ...RMS, epsilon: 'outside', keepsDivisor: true },
    // x-transformers: norm * N^-0.5.
    write: (w, x, parts) => {
      const length = w.reduce('ReduceL2', x, [-1]);
      const root = w.op('Mul', [length, w.number(parts.channels ** -0.5)]);
      return affine(w, w.op('Div', [x, padded(w, root, parts)]), parts);
    },
  },
  'rms-normalize': {
    formula: { ...RMS, epsilon: 'clip', keepsDivisor: true },
    // F.normalize(x) * sqrt(N)
    write: (w, x, parts) => affine(w, w.op('Mul', [normalize(w, x), w.number(Math.sqrt(parts.channels))]), parts),
  },
  'rms-lp': {
    formula: { ...RMS, epsilon: 'none', keepsDivisor: true },
    write: (w, x, parts) => {
      const normed = w.op('LpNormalization', [x], { axis: -1, p: 2 });
      return affine(w, w.op('Mul', [normed, w.number(Math.sqrt(parts.channels))]), parts);
    },
  },
  length: {
    formula: { ...RMS, divisor: '1', epsilon: 'clip' },
    anyRank: true,
    write: (w, x, parts) => affine(w, normalize(w, x), parts),
  },
  'length-by-max': {
    formula: { ...RMS, divisor: '1', epsilon: 'clip' },
    anyRank: true,
    write: (w, x, parts) => {
      const root = w.op('Sqrt', [w.reduce('ReduceSum', w.op('Mul', [x, x]), [-1])]);
      return affine(w, w.op('Div', [x, w.op('Max', [root, w.number(CLIP)])]), parts);
    },
  },
  'rms-simplified': { formula: RMS, shift: 'never', anyRank: true, write: operator('SimplifiedLayerNormalization') },
  'rms-operator': { formula: RMS, since: 23, shift: 'never', anyRank: true, write: operator('RMSNormalization') },
  'rms-skip': {
    formula: RMS,
    shift: 'never',
    write: (w, x, { scale, ones, epsilon }) => {
      const half = w.op('Mul', [x, w.number(0.5)]);
      return w.contrib('SkipSimplifiedLayerNormalization', [half, half, w.weight(scale ?? ones)], {
        epsilon: { float: epsilon },
      });
    },
  },
} as const satisfies Record<string, NormSpelling>;

/** The least length that `normalize` divides by. */
export const CLIP = 1e-3;

/** F.normalize: ReduceL2, Clip, Expand, Div. */
function normalize(w: SpellingWriter, x: Value): Value {
  const least = w.op('Clip', [w.reduce('ReduceL2', x, [-1]), w.number(CLIP)]);
  return w.op('Div', [x, w.op('Expand', [least, w.op('Shape', [x])])]);
}

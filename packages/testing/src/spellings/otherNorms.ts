import type { Value } from '@snp/onnx';
import { affine, channelsFirst, LAYER, type NormParts, type NormSpelling } from './normSpelling.js';
import type { SpellingWriter } from './spellingWriter.js';

function vectors(w: SpellingWriter, { scale, shift, ones, mean, variance }: NormParts): Value[] {
  const zero = ones.map(`${ones.name}.zero`, () => 0);
  return [w.weight(scale ?? ones), w.weight(shift ?? zero), w.weight(mean), w.weight(variance)];
}

/** Norms over tokens, over everything, by stored statistics, and what stands in their place. */
export const OTHER_NORMS = {
  none: { formula: { ...LAYER, over: 'nothing' }, scale: 'never', shift: 'never', write: (_, x) => x },
  affine: { formula: { ...LAYER, over: 'nothing' }, scale: 'always', write: affine },
  'batch-channels-first': {
    formula: { ...LAYER, over: 'stored' },
    write: (w, x, parts) =>
      channelsFirst(w, x, (turned) =>
        w.op('BatchNormalization', [turned, ...vectors(w, parts)], { epsilon: { float: parts.epsilon } }),
      ),
  },
  'batch-rows': {
    formula: { ...LAYER, over: 'stored' },
    write: (w, x, parts) => {
      const rows = w.reshape(x, [-1, parts.channels]);
      const normed = w.op('BatchNormalization', [rows, ...vectors(w, parts)], { epsilon: { float: parts.epsilon } });
      return w.reshape(normed, [w.axis(x, 0), w.axis(x, 1), parts.channels]);
    },
  },
  'instance-channels': {
    formula: { ...LAYER, over: 'tokens' },
    write: (w, x, parts) =>
      channelsFirst(w, x, (turned) =>
        w.op('InstanceNormalization', [turned, ...vectors(w, parts).slice(0, 2)], {
          epsilon: { float: parts.epsilon },
        }),
      ),
  },
  'tokens-taken-apart': {
    formula: { ...LAYER, over: 'tokens' },
    write: (w, x, parts) => {
      const centred = w.op('Sub', [x, w.reduce('ReduceMean', x, [1])]);
      const variance = w.reduce('ReduceMean', w.op('Mul', [centred, centred]), [1]);
      const root = w.op('Sqrt', [w.op('Add', [variance, w.number(parts.epsilon)])]);
      return affine(w, w.op('Div', [centred, root]), parts);
    },
  },
  'all-by-operator': {
    formula: { ...LAYER, over: 'all' },
    since: 21,
    write: (w, x, parts) =>
      channelsFirst(w, x, (turned) =>
        w.op('GroupNormalization', [turned, ...vectors(w, parts).slice(0, 2)], {
          num_groups: 1,
          epsilon: { float: parts.epsilon },
        }),
      ),
  },
  'all-by-instance': {
    formula: { ...LAYER, over: 'all' },
    // nn.GroupNorm(1, channels) as TorchScript writes it.
    write: (w, x, parts) =>
      channelsFirst(w, x, (turned) => {
        const flat = w.op('Reshape', [turned, w.ints(0, 1, -1)]);
        const [one, zero] = [w.numbers([1], [1]), w.numbers([1], [0])];
        const normed = w.op('InstanceNormalization', [flat, one, zero], { epsilon: { float: parts.epsilon } });
        const back = w.op('Reshape', [normed, w.op('Shape', [turned])]);
        const scaled = parts.scale ? w.op('Mul', [back, w.weight(parts.scale.expand(1))]) : back;
        return parts.shift ? w.op('Add', [scaled, w.weight(parts.shift.expand(1))]) : scaled;
      }),
  },
  'all-taken-apart': {
    formula: { ...LAYER, over: 'all' },
    write: (w, x, parts) => {
      const centred = w.op('Sub', [x, w.reduce('ReduceMean', x, [1, 2])]);
      const variance = w.reduce('ReduceMean', w.op('Mul', [centred, centred]), [1, 2]);
      const root = w.op('Sqrt', [w.op('Add', [variance, w.number(parts.epsilon)])]);
      return affine(w, w.op('Div', [centred, root]), parts);
    },
  },
} as const satisfies Record<string, NormSpelling>;

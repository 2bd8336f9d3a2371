import type { Value } from '@snp/onnx';
import type { StackWeights } from './drawnWeights.js';
import { writeLinear } from './linears.js';
import { FEATURES, TOKENS } from './sizes.js';
import type { SpelledSpec } from './spelledSpec.js';
import type { SpellingWriter } from './spellingWriter.js';

/** A model's input as [batch, tokens, width]. */
export function writeInput(w: SpellingWriter, spec: SpelledSpec, weights: StackWeights, prefix: string): Value {
  const batch = w.batchDim;
  switch (spec.input) {
    case 'features':
      return writeLinear(w, 'matmul', w.floatInput(`${prefix}features`, [batch, TOKENS, FEATURES]), weights.features);
    case 'ids': {
      const ids = w.input(`${prefix}ids`, 'INT64', [batch, TOKENS]);
      const rows = w.op('Gather', [w.weight(weights.embedding, 'initializer'), ids], { axis: 0 });
      return w.op('Add', [rows, w.weight(weights.positions)]);
    }
    case 'patches': {
      // One row of patches, and a class token before them.
      const image = w.floatInput(`${prefix}image`, [batch, 3, 2, 2 * (TOKENS - 1)]);
      const rows = patchRows(w, spec, image, image, weights.patches, TOKENS - 1);
      const first = w.expand(w.weight(weights.first, 'initializer'), [w.axis(image, 0), 1, spec.width]);
      return w.op('Add', [w.concat(1, first, rows), w.weight(weights.positions.expand(0), 'initializer')]);
    }
    case 'stem':
    case 'stem-normed': {
      const image = w.floatInput(`${prefix}image`, [batch, 3, 2, 2 * TOKENS]);
      const kernel = [w.weight(weights.stem.weight, 'initializer'), w.weight(weights.stem.bias!)];
      const made = w.op('Conv', [image, ...kernel], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
      const active = w.op('Relu', [spec.input === 'stem' ? made : normed(w, made, weights.stemNorm)]);
      return patchRows(w, spec, image, active, weights.stemPatches, TOKENS);
    }
  }
}

/** Patches of 2 by 2 as rows of channels. */
function patchRows(
  w: SpellingWriter,
  { width }: SpelledSpec,
  image: Value,
  x: Value,
  { weight, bias }: StackWeights['patches'],
  count: number,
): Value {
  const attributes = { kernel_shape: [2, 2], strides: [2, 2] };
  const patches = w.op('Conv', [x, w.weight(weight, 'initializer'), w.weight(bias!)], attributes);
  return w.transpose(w.reshape(patches, [w.axis(image, 0), width, count]), 0, 2, 1);
}

function normed(w: SpellingWriter, x: Value, { scale, shift, mean, variance, epsilon }: StackWeights['stemNorm']) {
  const vectors = [scale!, shift!, mean, variance].map((each) => w.weight(each));
  return w.op('BatchNormalization', [x, ...vectors], { epsilon: { float: epsilon } });
}

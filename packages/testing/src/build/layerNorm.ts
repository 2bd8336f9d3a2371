import type { Value } from '@snp/onnx';
import type { GraphBuilder } from './graphBuilder.js';

/** How layer normalisation is written: the operator of opset 17, or the arithmetic exporters emit below it, its axis counted from the end or from the front. */
export type NormForm = 'layer' | 'decomposed' | 'decomposed-from-front';

/** Layer normalisation of `x` over its last axis (of three, where counted from the front) with scale `gain` and shift `bias`. */
export function layerNorm(
  builder: GraphBuilder,
  scope: string,
  [x, gain, bias]: [x: Value, gain: Value, bias: Value],
  epsilon: number,
  form: NormForm,
): Value {
  if (form === 'layer') {
    return builder.op(scope, 'LayerNormalization', [x, gain, bias], { axis: -1, epsilon: { float: epsilon } });
  }
  const axis = form === 'decomposed' ? -1 : 2;
  const centred = builder.op(scope, 'Sub', [x, meanOfChannels(builder, scope, x, axis)]);
  const squared = builder.op(scope, 'Pow', [centred, builder.float(scope, 2)]);
  const variance = meanOfChannels(builder, scope, squared, axis);
  const padded = builder.op(scope, 'Add', [variance, builder.float(scope, epsilon)]);
  const normed = builder.op(scope, 'Div', [centred, builder.op(scope, 'Sqrt', [padded])]);
  return builder.op(scope, 'Add', [builder.op(scope, 'Mul', [normed, gain]), bias]);
}

/** From opset 18 on, ReduceMean takes its axes as an input. */
function meanOfChannels(builder: GraphBuilder, scope: string, x: Value, axis: number): Value {
  if (builder.opset < 18) return builder.op(scope, 'ReduceMean', [x], { axes: [axis], keepdims: 1 });
  return builder.op(scope, 'ReduceMean', [x, builder.ints(scope, [axis])], { keepdims: 1 });
}

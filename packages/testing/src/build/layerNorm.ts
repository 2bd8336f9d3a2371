import type { Value } from '@snp/onnx';
import type { GraphBuilder } from './graphBuilder.js';

/** How layer normalisation is written: the operator of opset 17, or the arithmetic exporters emit below it. */
export type NormForm = 'layer' | 'decomposed';

/** Layer normalisation of `x` over its last axis with scale `gain` and shift `bias`. */
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
  const centred = builder.op(scope, 'Sub', [x, meanOfChannels(builder, scope, x)]);
  const squared = builder.op(scope, 'Pow', [centred, builder.float(scope, 2)]);
  const variance = meanOfChannels(builder, scope, squared);
  const padded = builder.op(scope, 'Add', [variance, builder.float(scope, epsilon)]);
  const normed = builder.op(scope, 'Div', [centred, builder.op(scope, 'Sqrt', [padded])]);
  return builder.op(scope, 'Add', [builder.op(scope, 'Mul', [normed, gain]), bias]);
}

/** From opset 18 on, ReduceMean takes its axes as an input. */
function meanOfChannels(builder: GraphBuilder, scope: string, x: Value): Value {
  if (builder.opset < 18) return builder.op(scope, 'ReduceMean', [x], { axes: [-1], keepdims: 1 });
  return builder.op(scope, 'ReduceMean', [x, builder.ints(scope, [-1])], { keepdims: 1 });
}

import type { Value } from '@snp/onnx';
import type { GraphBuilder } from './graphBuilder.js';

/**
 * How GELU is written: `erf` as the chain x / sqrt(2), Erf, + 1, * x, * 0.5 that exporters emit up to opset 19, `operator` as the
 * Gelu of opset 20.
 */
export type GeluForm = 'erf' | 'operator';

/** The exact (not tanh) GELU of `x`. */
export function gelu(builder: GraphBuilder, scope: string, x: Value, form: GeluForm): Value {
  if (form === 'operator') return builder.op(scope, 'Gelu', [x]);
  const scaled = builder.op(scope, 'Div', [x, builder.float(scope, Math.SQRT2)]);
  const shifted = builder.op(scope, 'Add', [builder.op(scope, 'Erf', [scaled]), builder.float(scope, 1)]);
  const doubled = builder.op(scope, 'Mul', [x, shifted]);
  return builder.op(scope, 'Mul', [doubled, builder.float(scope, 0.5)]);
}

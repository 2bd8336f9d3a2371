import type { Value } from '@snp/onnx';
import type { GraphBuilder } from '../build/graphBuilder.js';

/**
 * The target of a Reshape to [batch, sequence, ...tail]: a constant with 0 and -1, or a Concat of the first two
 * dimensions of `like` [batch, sequence, ...] taken by Shape and Gather.
 */
export function tokenTarget(
  builder: GraphBuilder,
  scope: string,
  like: Value,
  tail: readonly number[],
  form: 'constant' | 'shape',
): Value {
  if (form === 'constant') return builder.ints(scope, [0, -1, ...tail]);
  const dimension = (axis: number) => {
    const shape = builder.op(scope, 'Shape', [like]);
    const size = builder.op(scope, 'Gather', [shape, builder.int(scope, axis)], { axis: 0 });
    return builder.op(scope, 'Unsqueeze', [size, builder.ints(scope, [0])]);
  };
  const sizes = tail.map((size) => builder.ints(scope, [size]));
  return builder.op(scope, 'Concat', [dimension(0), dimension(1), ...sizes], { axis: 0 });
}

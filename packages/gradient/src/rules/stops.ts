import type { Node } from '@snp/onnx';

/** Operators whose answers do not change with small changes of their inputs, or are no real numbers. */
const STOPS: ReadonlySet<string> = new Set([
  'And',
  'ArgMax',
  'ArgMin',
  'BitShift',
  'BitwiseAnd',
  'BitwiseNot',
  'BitwiseOr',
  'BitwiseXor',
  'Ceil',
  'Constant',
  'ConstantOfShape',
  'Equal',
  'EyeLike',
  'Floor',
  'Greater',
  'GreaterOrEqual',
  'IsInf',
  'IsNaN',
  'Less',
  'LessOrEqual',
  'Multinomial',
  'NonMaxSuppression',
  'NonZero',
  'Not',
  'OneHot',
  'Or',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Range',
  'Round',
  'Shape',
  'Sign',
  'Size',
  'Unique',
  'Xor',
]);

/** True of a node through which no gradient flows, rightly. */
export function stopsGradient(node: Node): boolean {
  return STOPS.has(node.op);
}

import type { Value } from './value.js';

/** The initializer that a value is, or is another form of: cast to another type, or handed on. Undefined for what is computed. */
export function storedConstant(value: Value | undefined): Value | undefined {
  if (!value || value.tensor) return value;
  const node = value.producer;
  return node && (node.op === 'Cast' || node.op === 'Identity') ? storedConstant(node.inputs[0]) : undefined;
}

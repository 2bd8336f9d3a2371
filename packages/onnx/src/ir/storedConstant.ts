import type { Node } from './node.js';
import type { Value } from './value.js';

/** The initializer that a value is, or is another form of: cast to another type, or handed on. Undefined for what is computed. */
export function storedConstant(value: Value | undefined): Value | undefined {
  let at = value;
  while (at && !at.tensor) {
    const node: Node | undefined = at.producer;
    at = node?.op === 'Cast' || node?.op === 'Identity' ? node.inputs[0] : undefined;
  }
  return at;
}

import { isFloatType, type Value } from '@snp/onnx';
import type { Propagation } from '../walk/propagation.js';

/** Operators that pass sizes on, or calculate with them. */
const OF_SIZES: ReadonlySet<string> = new Set([
  ...['Add', 'Cast', 'Concat', 'Div', 'Gather', 'Identity', 'Max', 'Min', 'Mul', 'ReduceProd', 'Reshape', 'Slice'],
  ...['Squeeze', 'Sub', 'Unsqueeze'],
]);

/**
 * Whether sizes become part of a number that a model calculates with, as the product of a width and of others that are known only while the model runs. A width
 * alone is a constant by then, and stays as it was; such a product would follow the width.
 *
 * @param product The sizes are multiplied already, a fixed one among them.
 */
export function isCountedAsNumber(sizes: Value, product: boolean, walk: Propagation): boolean {
  const seen = new Map<Value, boolean>();
  const ahead = [{ value: sizes, product }];
  for (let next = ahead.pop(); next; next = ahead.pop()) {
    const known = seen.get(next.value);
    if (known === true || known === next.product) continue;
    seen.set(next.value, next.product);
    for (const { node } of next.value.uses) {
      const [output] = node.outputs;
      if (!output || !OF_SIZES.has(node.op)) continue;
      const multiplied = next.product || (node.op === 'ReduceProd' && holdsWidth(next.value, walk));
      if (!isFloatType(walk.shapes.elementType(output))) ahead.push({ value: output, product: multiplied });
      else if (multiplied) return true;
      // A vector of sizes as numbers may be multiplied later.
      else ahead.push({ value: output, product: false });
    }
  }
  return false;
}

function holdsWidth(sizes: Value, { shapes }: Propagation): boolean {
  return shapes.content(sizes)?.some((size) => typeof size === 'number' && size > 1) ?? true;
}

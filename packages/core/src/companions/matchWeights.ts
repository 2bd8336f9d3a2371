import type { Model, Tensor, Value } from '@snp/onnx';

/**
 * Which weights two models share: those of one name and content, and of those whose names differ, as exporters number them, those of equal content, in the order of the files.
 *
 * @returns Weights of the second model, each with the one of the first that it equals.
 */
export function matchWeights(first: Model, second: Model): Map<Value, Value> {
  const matched = new Map<Value, Value>();
  const left = new Set(first.graph.initializers);
  for (const weight of second.graph.initializers) {
    const other = first.graph.values.get(weight.name);
    if (!other?.tensor || !left.has(other) || !equal(weight.tensor!, other.tensor)) continue;
    matched.set(weight, other);
    left.delete(other);
  }
  for (const weight of second.graph.initializers) {
    if (matched.has(weight)) continue;
    const other = [...left].find(({ tensor }) => equal(weight.tensor!, tensor!));
    if (!other) continue;
    matched.set(weight, other);
    left.delete(other);
  }
  return matched;
}

function equal(a: Tensor, b: Tensor): boolean {
  if (a.dataType !== b.dataType || a.dims.join() !== b.dims.join() || a.dataType === 'STRING') return false;
  const [own, other] = [a.bytes(), b.bytes()];
  return own.every((byte, at) => byte === other[at]);
}

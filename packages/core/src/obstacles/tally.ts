import type { Node } from '@snp/onnx';

/** Operators with how many nodes there are of each, the most frequent first: `12 MatMulInteger, 9 DynamicQuantizeLinear`. */
export function tally(nodes: readonly Node[]): string {
  const counts = new Map<string, number>();
  for (const { opType } of nodes) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([operator, count]) => `${count} ${operator}`)
    .join(', ');
}

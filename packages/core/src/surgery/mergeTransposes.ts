import type { Node } from '@snp/onnx';

/** Joins a Transpose with those that read it: one transpose of both, where exporters of single projections have one. */
export function mergeTransposes(first: Node): void {
  const perm = first.ints('perm');
  if (first.opType !== 'Transpose' || !perm) return;
  for (const { node } of [...first.outputs[0]!.uses]) {
    const then = node.ints('perm');
    if (node.opType !== 'Transpose' || !then) continue;
    node.attributes.set('perm', { type: 'INTS', value: then.map((axis) => BigInt(perm[axis])) });
    node.setInput(0, first.inputs[0]!);
  }
}

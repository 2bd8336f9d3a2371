import type { Node } from '@snp/onnx';

/** The axes that a reduction runs along, counted from the last; undefined where they are not known. */
export function reducedAxes(node: Node, rank: number): number[] | undefined {
  const named =
    node.ints('axes') ?? (node.inputs[1] ? node.inputs[1].tensor && [...node.inputs[1].tensor.numbers()] : []);
  const all = named?.length === 0 ? Array.from({ length: rank }, (_, axis) => axis) : named;
  return all?.map((axis) => (Number(axis) < 0 ? Number(axis) : Number(axis) - rank));
}

import { type Node, Tensor, type Value } from '@snp/onnx';
import { FLOAT_CODE, GIVEN, type Weights } from './weights.js';

/** Smaller tables stay: they save little. */
const LEAST_SIZE = 65_536;

/**
 * Takes rows of a table in 8 bits, each with a scale of its own: an embedding.
 *
 * @returns Why it stays; undefined: it was written, or is no large table.
 */
export function quantizedTable(weights: Weights, node: Node): string | undefined {
  const [table, indices] = node.inputs;
  const { tensor } = table!;
  if (tensor?.dataType !== 'FLOAT' || tensor.dims.length !== 2 || tensor.size < LEAST_SIZE) return undefined;
  const { graph } = weights;
  const output = node.outputs[0]!;
  if (node.int('axis', 0) !== 0 || !indices) return undefined;
  if (weights.isGiven(table!)) return GIVEN;
  const insert = (op: string, inputs: readonly Value[], what: string, attributes = {}) =>
    graph.addNode({
      op,
      inputs: [...inputs],
      outputs: [`${output.name}_${what}`],
      attributes,
      before: node,
    }).outputs[0]!;
  const { numbers, scales } = weights.read(table!, 0, { use: 'table', turned: false });
  const rows = insert('Cast', [insert('Gather', [numbers, indices], 'int8')], 'rows', { to: FLOAT_CODE });
  const own = insert('Gather', [scales, indices], 'scales');
  const factors =
    weights.opset >= 13
      ? insert('Unsqueeze', [own, graph.addInitializer('last_axis', Tensor.int64([1], [-1]))], 'factors')
      : insert('Unsqueeze', [own], 'factors', { axes: [-1] });
  node.outputs[0] = undefined;
  graph.addNode({ op: 'Mul', inputs: [rows, factors], outputs: [output], before: node });
  graph.removeNodes([node]);
  return undefined;
}

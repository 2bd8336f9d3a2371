import { dataTypeCode, type Model, type Node, type ShapeInfo, Tensor } from '@snp/onnx';
import type { Kept } from './gone/kept.js';

/** Operators that divide by their second input. */
export const DIVISIONS: ReadonlySet<string> = new Set(['Div', 'Mod']);

/** Divides by one where the divisor is gone: nothing is divided by zero, and what is zero itself stays so. */
export function maskDivisor({ graph }: Model, shapes: ShapeInfo, node: Node, { dims, kept }: Kept): void {
  const divisor = node.inputs[1]!;
  const ones = graph.addInitializer(
    'ones',
    Tensor.float32(
      dims,
      kept.map((own) => 1 - own),
    ),
  );
  const to = shapes.elementType(divisor) ?? 'FLOAT';
  const attributes = { to: dataTypeCode(to) };
  const cast = { op: 'Cast', inputs: [ones], outputs: ['ones_cast'], attributes, before: node };
  const inputs = [divisor, to === 'FLOAT' ? ones : graph.addNode(cast).outputs[0]];
  node.setInput(1, graph.addNode({ op: 'Add', inputs, outputs: ['divisor'], before: node }).outputs[0]);
}

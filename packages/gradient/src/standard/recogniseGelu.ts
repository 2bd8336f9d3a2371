import type { Graph, Model, Node, Value } from '@snp/onnx';
import { storedConstant } from '@snp/onnx';

/**
 * Makes one operator of a GELU that an exporter took apart, x/2 (1 + erf(x / sqrt 2)): its derivative has a closed form, and the runtime has it as one operator, which it no longer
 * recognises once gradients read what lies within.
 *
 * @param kept Values that must stay, since something asks for them by name
 */
export function recogniseGelu(model: Model, kept: ReadonlySet<Value>): void {
  const { graph } = model;
  for (const node of graph.nodes.filter(({ op }) => op === 'Erf')) {
    const found = geluAround(node, { graph, kept });
    if (!found) continue;
    if (model.opset < 20) model.opsets.set('com.microsoft', model.opsets.get('com.microsoft') ?? 1);
    const domain = model.opset < 20 ? 'com.microsoft' : '';
    const { last, inner } = found;
    const [output] = last.outputs as Value[];
    last.outputs[0] = undefined;
    graph.addNode({ op: 'Gelu', domain, inputs: [found.x], outputs: [output], before: last });
    graph.removeNodes([last, ...inner]);
  }
}

interface Found {
  x: Value;
  /** The node that gives the result, and those before it that nothing else reads. */
  last: Node;
  inner: Node[];
}

function geluAround(erf: Node, { graph, kept }: { graph: Graph; kept: ReadonlySet<Value> }): Found | undefined {
  const isNumber = (value: Value | undefined, number: number) => {
    const stored = storedConstant(value);
    if (!stored || kept.has(stored) || stored.tensor?.size !== 1) return false;
    return Math.abs(stored.tensor.numbers()[0] - number) < 1e-6;
  };
  /** What a node multiplies with a number, if it does. */
  const scaledBy = (node: Node | undefined, factor: number) => {
    const [a, b] = node?.inputs ?? [];
    if (node?.op === 'Div') return isNumber(b, 1 / factor) ? a : undefined;
    if (node?.op !== 'Mul') return undefined;
    if (isNumber(b, factor)) return a;
    return isNumber(a, factor) ? b : undefined;
  };
  const scale = erf.inputs[0]?.producer;
  const x = scaledBy(scale, Math.SQRT1_2);
  const sum = onlyReader(erf.outputs[0]);
  if (!scale || !x || sum?.op !== 'Add' || !sum.inputs.some((value) => isNumber(value, 1))) return undefined;
  const inner = [scale, erf];
  const wanted = new Set<'x' | 'half'>(['x', 'half']);
  let last = sum;
  while (wanted.size > 0) {
    const next = onlyReader(last.outputs[0]);
    const other = next?.op === 'Mul' ? next.inputs.find((value) => value !== last.outputs[0]) : undefined;
    if (!next || !other) return undefined;
    const isHalved = scaledBy(other.producer, 0.5) === x;
    if (isHalved) inner.push(other.producer!);
    const factors = [
      ...(isHalved || other === x ? ['x' as const] : []),
      ...(isHalved || isNumber(other, 0.5) ? ['half' as const] : []),
    ];
    if (factors.length === 0 || !factors.every((factor) => wanted.delete(factor))) return undefined;
    inner.push(last);
    last = next;
  }
  const own = new Set([last, ...inner]);
  const isFree = (value: Value) =>
    !kept.has(value) && !graph.outputs.includes(value) && value.consumers.every((reader) => own.has(reader));
  return inner.every(({ outputs: [value] }) => isFree(value!)) ? { x, last, inner } : undefined;
}

function onlyReader(value: Value | undefined): Node | undefined {
  const [reader, ...others] = value?.consumers ?? [];
  return others.length === 0 ? reader : undefined;
}

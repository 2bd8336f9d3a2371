import { type Graph, isFloatType, type Node, parseEinsum, type ShapeInfo, type Value } from '@snp/onnx';
import type { Layout } from '../layout/layout.js';

/** A computed table as one of several nodes reads it: with labels of its own. */
export interface TableUse {
  value: Value;
  node: Node;
  /** Of the table itself. */
  table: Layout;
  /** The same factors and fields with other labels. */
  layout: Layout;
}

/** What a value is made of: no weights; weights alone that nothing was summed over, moved about and mapped one by one; or anything else. */
type Origin = 'plain' | 'table' | 'stream';

/** Operators that move numbers about, or map them one by one. */
const MAPPING: ReadonlySet<string> = new Set([
  ...['Cast', 'Concat', 'Expand', 'Flatten', 'Gather', 'Identity', 'Reshape', 'Slice', 'Split', 'Squeeze', 'Tile'],
  ...['Transpose', 'Unsqueeze'],
  ...['Add', 'Cos', 'Div', 'Exp', 'Mul', 'Neg', 'Pow', 'Reciprocal', 'Sin', 'Sub'],
]);

/** Inputs of operators that take tables as factors, by operator. */
const FACTORS: Readonly<Record<string, readonly number[]>> = {
  Mul: [0, 1],
  RotaryEmbedding: [1, 2],
  'com.microsoft.RotaryEmbedding': [2, 3],
};

/**
 * Tables that several nodes read, as factors of other values alone: rotary embeddings, which all layers share. Such a table couples its readers by
 * nothing but being one, so that each may take its own columns of it. It is made of weights (or constants) and of what the model is fed, by operators that sum
 * nothing up; vectors are not among them.
 */
export function findSharedTables(graph: Graph, shapes: ShapeInfo): ReadonlySet<Value> {
  const origins = new Map<Value, Origin>();
  const originOf = (value: Value) =>
    origins.get(value) ??
    (value.tensor && isFloatType(value.tensor.dataType) && value.tensor.size > 1 ? 'table' : 'plain');
  for (const node of graph.nodes) {
    const origin = originAfter(node, originOf, shapes);
    for (const output of node.outputs) {
      const type = output && shapes.elementType(output);
      if (output) origins.set(output, type === undefined || isFloatType(type) ? origin : 'plain');
    }
  }
  const outputs = new Set(graph.outputs);
  const factors = new Map<Value, boolean>();
  const isFactor = (value: Value): boolean =>
    !outputs.has(value) &&
    [...value.uses].every(({ node, index }) => {
      if (node.graph !== graph) return false;
      const [output] = node.outputs;
      if (FACTORS[node.op]?.includes(index) && output && originOf(output) === 'stream')
        return node.inputs.every((other, at) => other !== value || at === index);
      return node.outputs.every((own) => !own || (originOf(own) === 'table' && factors.get(own) === true));
    });
  // Readers come first, so that every value is looked at once.
  for (const node of graph.nodes.toReversed())
    for (const output of node.outputs)
      if (output && originOf(output) === 'table') factors.set(output, isFactor(output));
  for (const value of graph.initializers) if (originOf(value) === 'table') factors.set(value, isFactor(value));
  // What is made of a table that is read otherwise too belongs to a weight.
  const shared = new Set<Value>();
  const made = (value: Value) => value.uses.size > 1 && factors.get(value) === true;
  for (const value of graph.initializers) if (made(value) && !isVector(value)) shared.add(value);
  const weights = new Set([...graph.initializers].filter((value) => factors.get(value) === false));
  for (const node of graph.nodes) {
    const ofWeights = node.inputs.some((value) => value && weights.has(value));
    for (const output of node.outputs) {
      if (!output || originOf(output) !== 'table') continue;
      if (ofWeights) weights.add(output);
      else if (made(output)) shared.add(output);
    }
  }
  return shared;
}

function isVector({ tensor }: Value): boolean {
  return tensor!.dims.filter((dim) => dim > 1).length <= 1;
}

function originAfter(node: Node, originOf: (value: Value) => Origin, shapes: ShapeInfo): Origin {
  const inputs = node.inputs.flatMap((value) => (value ? [originOf(value)] : []));
  if (node.subgraphs.length > 0) return 'stream';
  if (inputs.every((origin) => origin === 'plain')) return 'plain';
  const sumsNothing = MAPPING.has(node.op) || isOuterProduct(node, shapes);
  return sumsNothing && !inputs.includes('stream') ? 'table' : 'stream';
}

/** A product over an axis of one position, as frequencies by positions. */
function isOuterProduct(node: Node, shapes: ShapeInfo): boolean {
  if (node.op === 'MatMul') return shapes.shape(node.inputs[0]!)?.at(-1) === 1;
  if (node.op !== 'Einsum') return false;
  const equation = parseEinsum(node.string('equation', '')!);
  return (
    equation?.inputs.flatMap((letters) => [...letters]).every((letter) => equation.output.includes(letter)) ?? false
  );
}

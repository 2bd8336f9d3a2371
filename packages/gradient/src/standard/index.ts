import {
  type DataType,
  type Dim,
  type Graph,
  inferShapes,
  type Model,
  type Node,
  type ShapeInfo,
  SnpError,
  type Value,
} from '@snp/onnx';
import { GraphWriter } from '../write/graphWriter.js';
import { ACTIVATIONS } from './activations.js';
import { attention } from './attention/attention.js';
import { fusedAttention } from './attention/fused.js';
import { groupQueryAttention } from './attention/groupQuery.js';
import { multiHeadAttention } from './attention/multiHead.js';
import { ROTARIES } from './attention/rotary.js';
import type { WriteOutCall, WriteOutRule } from './call.js';
import { CHANNEL_NORMS } from './channelNorms.js';
import { POOLS } from './pools.js';
import { PRODUCTS } from './products.js';
import { SKIP_NORMS } from './skipNorms.js';

const RULES = new Map<string, WriteOutRule>(
  [
    ACTIVATIONS,
    CHANNEL_NORMS,
    POOLS,
    PRODUCTS,
    ROTARIES,
    SKIP_NORMS,
    {
      Attention: attention,
      'com.microsoft.Attention': fusedAttention,
      'com.microsoft.GroupQueryAttention': groupQueryAttention,
      'com.microsoft.MultiHeadAttention': multiHeadAttention,
    },
  ].flatMap((rules) => Object.entries(rules)),
);

/** Writes operators that stand for several out in others, in place. Nodes of forms that are not understood stay as they are. */
export function writeOut(model: Model): void {
  writeOutGraph(model.graph, { opset: model.opset, shapes: inferShapes(model) });
}

interface WritingOut {
  opset: number;
  shapes: ShapeInfo;
}

function writeOutGraph(graph: Graph, own: WritingOut): void {
  for (const node of [...graph.nodes]) {
    for (const inner of node.subgraphs) writeOutGraph(inner, own);
    const rule = RULES.get(node.op);
    const values = rule && written(rule, node, own);
    if (values) replace(graph, node, values);
  }
}

function written(
  rule: WriteOutRule,
  node: Node,
  { opset, shapes }: WritingOut,
): readonly (Value | undefined)[] | undefined {
  try {
    return rule(new Call(node, new GraphWriter(node.graph!, opset, node), shapes));
  } catch (error) {
    if (error instanceof NotUnderstood) return undefined;
    throw error;
  }
}

/** Lets the node's outputs be computed by others, under the same names. */
function replace(graph: Graph, node: Node, values: readonly (Value | undefined)[]): void {
  for (const [index, output] of node.outputs.entries()) {
    const value = values[index];
    if (!output || !value) continue;
    node.outputs[index] = undefined;
    graph.addNode({ op: 'Identity', inputs: [value], outputs: [output], before: node });
  }
  if (node.outputs.every((output) => !output || !isRead(graph, output))) graph.removeNodes([node]);
}

function isRead(graph: Graph, value: Value): boolean {
  return value.uses.size > 0 || graph.outputs.includes(value);
}

/** Thrown where a node lacks what its form should have. */
class NotUnderstood extends SnpError {
  constructor(node: Node, what: string) {
    super('unsupported', `Node ${node.label} cannot be written out: ${what}.`, { node: node.label });
  }
}

class Call implements WriteOutCall {
  constructor(
    readonly node: Node,
    readonly writer: GraphWriter,
    readonly shapes: ShapeInfo,
  ) {}

  get type() {
    return this.shapes.elementType(this.input(0)) ?? 'FLOAT';
  }

  input(index: number): Value {
    const value = this.node.inputs[index];
    if (!value) throw new NotUnderstood(this.node, `its input ${index} is missing`);
    return value;
  }

  maybe(index: number): Value | undefined {
    return this.node.inputs[index];
  }

  isRead(index: number): boolean {
    const value = this.node.outputs[index];
    return value !== undefined && isRead(this.node.graph!, value);
  }

  shape(value: Value): readonly Dim[] {
    const shape = this.shapes.shape(value);
    if (!shape) throw new NotUnderstood(this.node, `the rank of '${value.name}' is not known`);
    return shape;
  }

  elementType(value: Value): DataType | undefined {
    return this.shapes.elementType(value);
  }

  number(value: number): Value {
    return this.writer.number(value, this.type);
  }
}

import {
  type AttributeInit,
  type DataType,
  type FileDim,
  Graph,
  Model,
  type Node,
  Tensor,
  type Value,
} from '@snp/onnx';

/** Options of a `GraphBuilder`. */
export interface GraphBuilderOptions {
  /** Version of the default operator set, default 17: IR 8 below 19, IR 9 below 23, IR 11 from there on. */
  opset?: number;
  /** Where weights are stored: as initializers (default) or in Constant nodes. */
  weights?: 'initializers' | 'constants';
}

/**
 * Writes a model node by node under the names exporters give: operator `MatMul` of scope `/blocks.0/attn` becomes node
 * `/blocks.0/attn/MatMul` with the output `/blocks.0/attn/MatMul_output_0`. Small constants become Constant nodes.
 */
export class GraphBuilder {
  readonly model: Model;
  readonly #weights: 'initializers' | 'constants';
  readonly #nodeNames = new Map<string, number>();
  /** Where nodes go. */
  #graph: Graph;

  constructor(name: string, options: GraphBuilderOptions = {}) {
    const opset = options.opset ?? 17;
    this.model = new Model(new Graph(name));
    this.#graph = this.model.graph;
    this.model.opsets.set('', opset);
    this.model.irVersion = opset < 19 ? 8 : opset < 23 ? 9 : 11;
    this.#weights = options.weights ?? 'initializers';
  }

  /** Version of the default operator set. */
  get opset(): number {
    return this.model.opset;
  }

  /** The body of an If or Loop: nodes that `write` adds go there, and may read what lies around it. */
  body(name: string, write: (graph: Graph) => void): Graph {
    const outer = this.#graph;
    this.#graph = new Graph(name, outer);
    try {
      write(this.#graph);
      return this.#graph;
    } finally {
      this.#graph = outer;
    }
  }

  /** A graph input. */
  input(name: string, elementType: DataType, shape: FileDim[]): Value {
    const value = this.model.graph.addValue(name);
    value.type = { elementType, shape };
    this.model.graph.inputs.push(value);
    return value;
  }

  /** Makes `value` a graph output of the given name and type. */
  output(value: Value, name: string, elementType: DataType, shape: FileDim[]): void {
    const { graph } = this.model;
    graph.values.delete(value.name);
    value.name = name;
    graph.values.set(name, value);
    value.type = { elementType, shape };
    graph.outputs.push(value);
  }

  /** A node with one output, which it returns. */
  op(
    scope: string,
    op: string,
    inputs: (Value | undefined)[],
    attributes: Record<string, AttributeInit> = {},
    domain = '',
  ): Value {
    return this.#node(scope, op, inputs, attributes, 1, domain).outputs[0]!;
  }

  /** A node of onnxruntime's own operators with one output, which it returns. */
  contrib(
    scope: string,
    op: string,
    inputs: (Value | undefined)[],
    attributes: Record<string, AttributeInit> = {},
  ): Value {
    return this.contribs(scope, op, inputs, 1, attributes)[0];
  }

  /** A node of onnxruntime's own operators with `count` outputs, which it returns. */
  contribs(
    scope: string,
    op: string,
    inputs: (Value | undefined)[],
    count: number,
    attributes: Record<string, AttributeInit> = {},
  ): Value[] {
    const domain = 'com.microsoft';
    this.model.opsets.set(domain, 1);
    return this.#node(scope, op, inputs, attributes, count, domain).outputs as Value[];
  }

  /** A node with `count` outputs, which it returns. */
  ops(
    scope: string,
    op: string,
    inputs: (Value | undefined)[],
    count: number,
    attributes: Record<string, AttributeInit> = {},
  ): Value[] {
    return this.#node(scope, op, inputs, attributes, count).outputs as Value[];
  }

  /** A FLOAT weight stored under `name`. */
  weight(name: string, dims: readonly number[], data: Float32Array): Value {
    return this.#stored(name, Tensor.float32(dims, data));
  }

  /** A stored INT64 table: an initializer or a Constant node, like the weights. */
  table(name: string, dims: readonly number[], data: readonly number[]): Value {
    return this.#stored(name, Tensor.int64(dims, data));
  }

  /** A weight that is read under `name` although it is stored under another: an Identity node. */
  alias(name: string, stored: Value): Value {
    return this.model.graph.addNode({
      op: 'Identity',
      inputs: [stored],
      outputs: [name],
      name: this.#nodeName('Identity'),
    }).outputs[0]!;
  }

  /** An INT64 vector in a Constant node. */
  ints(scope: string, items: readonly number[]): Value {
    return this.op(scope, 'Constant', [], { value: Tensor.int64([items.length], items) });
  }

  /** An INT64 scalar in a Constant node. */
  int(scope: string, item: number): Value {
    return this.op(scope, 'Constant', [], { value: Tensor.int64([], [item]) });
  }

  /** A FLOAT scalar in a Constant node. */
  float(scope: string, item: number): Value {
    return this.op(scope, 'Constant', [], { value: Tensor.float32([], [item]) });
  }

  #stored(name: string, tensor: Tensor): Value {
    const { graph } = this.model;
    if (this.#weights === 'initializers') return graph.addInitializer(name, tensor);
    return graph.addNode({
      op: 'Constant',
      inputs: [],
      outputs: [name],
      attributes: { value: tensor },
      name: this.#nodeName(`Constant/${name}`),
    }).outputs[0]!;
  }

  #node(
    scope: string,
    op: string,
    inputs: (Value | undefined)[],
    attributes: Record<string, AttributeInit>,
    count: number,
    domain = '',
  ): Node {
    const name = this.#nodeName(`${scope}/${op}`);
    const outputs = Array.from({ length: count }, (_, index) => `${name}_output_${index}`);
    return this.#graph.addNode({ op, domain, inputs, outputs, attributes, name });
  }

  #nodeName(name: string): string {
    const used = this.#nodeNames.get(name) ?? 0;
    this.#nodeNames.set(name, used + 1);
    return used === 0 ? name : `${name}_${used}`;
  }
}

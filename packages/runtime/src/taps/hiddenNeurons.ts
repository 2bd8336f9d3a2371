import { type Graph, isPointwise, type Node, type ShapeInfo, type Value } from '@snp/onnx';
import { gathersRows } from './rowWise.js';

/** Pointwise operators that may make of zeros what is no number. */
const UNSURE: ReadonlySet<string> = new Set(['Reciprocal', 'Sqrt']);

/** Those that do not where their second operand is a number above zero. */
const SURE_WITH_A_NUMBER: ReadonlySet<string> = new Set(['Div', 'Pow']);

/**
 * The neurons of a hidden layer, wherever they are: along the last axis of values, and along one axis of constants. If all of these get some neurons more, whose constants are zero,
 * everything else stays what it is.
 */
export class HiddenNeurons {
  readonly values = new Set<Value>();
  /** With the neurons' axis. */
  readonly constants = new Map<Value, number>();
  /** Nodes that read the neurons and that more of them would change. */
  readonly others = new Set<Node>();
  readonly #next: Node[] = [];

  private constructor(
    readonly width: number,
    private readonly shapes: ShapeInfo,
    private readonly graph: Graph,
  ) {}

  /** Those that a matrix product reads; undefined where something else than matrix products writes them. */
  static readBy(product: Node, shapes: ShapeInfo): HiddenNeurons | undefined {
    const [read] = product.inputs;
    const width = read && shapes.shape(read)?.at(-1);
    if (!read || typeof width !== 'number') return undefined;
    const neurons = new HiddenNeurons(width, shapes, product.graph!);
    if (!neurons.#addValue(read)) return undefined;
    for (let node = neurons.#next.pop(); node; node = neurons.#next.pop()) if (!neurons.#join(node)) return undefined;
    return neurons;
  }

  /** Takes in what a node connects; false if it cannot be done. */
  #join(node: Node): boolean {
    const [first, second] = node.inputs;
    const [output] = node.outputs;
    // Bodies of branches and loops stay as they are.
    if (node.graph !== this.graph) return this.#leaves(node);
    if (isLinear(node)) return this.#joinLinear(node, first!, second!, output!);
    if (!output || !this.graph.outputs.includes(output)) {
      if (this.#carries(node)) return [...node.inputs, output].every((value) => !value || this.#addOperand(value));
      if (this.#keepsLastAxis(node)) return this.#addValue(first!) && this.#addValue(output!);
    }
    return this.#leaves(node);
  }

  /** Takes a node for one that more neurons would change; false if it makes or holds them. */
  #leaves(node: Node): boolean {
    this.others.add(node);
    const makes = node.outputs.some((value) => value && this.values.has(value));
    return !makes && !node.inputs.some((value) => value && this.constants.has(value));
  }

  #joinLinear(node: Node, read: Value, weight: Value, written: Value): boolean {
    const [reading, writing] = node.int('transB', 0) === 1 ? [1, 0] : [0, 1];
    const bias = node.inputs[2];
    const axis = this.constants.get(weight);
    const reads = this.values.has(read) || axis === reading;
    const added = bias !== undefined && (this.constants.has(bias) || this.values.has(bias));
    const writes = this.values.has(written) || axis === writing || added;
    if (reads && !(this.#addConstant(weight, reading) && this.#addValue(read))) return false;
    if (!writes) return true;
    return this.#addConstant(weight, writing) && this.#addValue(written) && (!bias || this.#addOperand(bias));
  }

  /** True of a node that works neuron by neuron and makes numbers of zeros. */
  #carries(node: Node): boolean {
    if (!isPointwise(node) || UNSURE.has(node.opType)) return false;
    const fits = (value: Value | undefined) =>
      !value || (value.tensor ? value.tensor.dims.length <= 1 : this.#isWhole(value));
    const divisor = node.inputs[1]?.tensor;
    const sure = !SURE_WITH_A_NUMBER.has(node.opType) || (divisor?.size === 1 && Number(divisor.numbers()[0]) > 0);
    return sure && node.inputs.every(fits) && node.outputs.every(fits);
  }

  /** True of a node that only picks or stacks rows. */
  #keepsLastAxis(node: Node): boolean {
    const [first] = node.inputs;
    const rank = first && this.shapes.shape(first)?.length;
    if (!rank || !node.outputs[0] || !this.#isWhole(node.outputs[0])) return false;
    switch (node.op) {
      case 'Reshape':
        return true;
      case 'Flatten':
        return [-1, rank - 1].includes(node.int('axis', 1));
      default:
        return gathersRows(node, this.shapes);
    }
  }

  /** A value with all neurons, a constant for each of them, or a number. */
  #addOperand(value: Value): boolean {
    if (!value.tensor) return this.#addValue(value);
    return value.tensor.size === 1 || this.#addConstant(value, 0);
  }

  #addValue(value: Value): boolean {
    if (this.values.has(value)) return true;
    if (!value.producer || !this.#isWhole(value) || this.graph.outputs.includes(value)) return false;
    this.values.add(value);
    this.#next.push(value.producer, ...value.consumers);
    return true;
  }

  #addConstant(value: Value, axis: number): boolean {
    const known = this.constants.get(value);
    if (known !== undefined) return known === axis;
    const fits = value.tensor?.dataType === 'FLOAT' && value.tensor.dims[axis] === this.width;
    if (!fits || this.graph.outputs.includes(value)) return false;
    this.constants.set(value, axis);
    this.#next.push(...value.consumers);
    return true;
  }

  #isWhole(value: Value): boolean {
    return this.shapes.shape(value)?.at(-1) === this.width;
  }
}

/** True of products of a value with a matrix. */
export function isLinear(node: Node): boolean {
  const [first, second] = node.inputs;
  const ofMatrix = first !== undefined && !first.tensor && second?.tensor?.dims.length === 2;
  return ofMatrix && (node.op === 'MatMul' || (node.op === 'Gemm' && node.int('transA', 0) === 0));
}

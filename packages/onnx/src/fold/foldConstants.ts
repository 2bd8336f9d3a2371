import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import { topologicalOrder } from '../ir/topologicalOrder.js';
import type { Value } from '../ir/value.js';
import { staticDims } from '../shape/dim.js';
import { type InferShapesOptions, inferShapes, overridable, type ShapeInfo } from '../shape/inferShapes.js';
import { constantTensor } from '../shape/rules/constants.js';
import { bitsPerElement, isFloatType } from '../tensor/dataType.js';
import type { Tensor } from '../tensor/tensor.js';
import { evaluateNode, isSpreadConstant } from './evaluateNode.js';
import { tensorFromContent } from './tensorFromContent.js';

/** Options of `foldConstants`. */
export interface FoldConstantsOptions extends Omit<InferShapesOptions, 'inputDefaults'> {
  /** Bytes by which one folded node may make the model larger. Default 1 MiB. Floating-point results never do: see there. */
  maxGrowth?: number;
}

/** Defaults of `foldConstants`. */
export const FOLD_CONSTANTS_DEFAULTS = { maxGrowth: 2 ** 20 } as const;

/**
 * Replaces what does not depend on the inputs' values by initializers, in place, subgraphs included:
 *
 * - `Constant` nodes;
 * - nodes whose result follows from static shapes, such as the attention scale that Shape, Gather, Cast and Sqrt compute;
 * - data movement, exact arithmetic, comparisons and conversions on constants, with the runtime's rounding;
 * - `Identity` of an initializer, whose readers then read the initializer.
 *
 * Values keep their names. Nodes that compute graph outputs stay, and so do nodes whose result is not exact in this
 * implementation (matrix products, transcendental functions, random numbers). What nothing reads any more is removed.
 * Dynamic dimensions stay dynamic. A floating-point result of more than one element is folded only where it replaces
 * constants of at least its size, so that tables, masks and tied weights are not copied and the number of parameters
 * does not grow.
 *
 * @returns how many nodes were replaced
 * @throws SnpError `invalid-argument` for `inputShapes` that do not fit (see `inferShapes`)
 * @example const { folded } = foldConstants(model);
 */
export function foldConstants(model: Model, options: FoldConstantsOptions = {}): { folded: number } {
  const shapes = inferShapes(model, { ...options, inputDefaults: false });
  const maxGrowth = options.maxGrowth ?? FOLD_CONSTANTS_DEFAULTS.maxGrowth;
  const folding = new Folding(shapes, maxGrowth, model.opset, overridable(model), model.graph);
  folding.foldGraph(model.graph);
  return { folded: folding.folded };
}

/**
 * Elements that evaluation may go through in all: each constant of the model so many times, and a few million. Constants that are made of constants again
 * and again would take hours otherwise; nodes that are left then stay in the model.
 */
const MOST_WORK = { perElement: 4, more: 2 ** 23 } as const;

function elementsOf(value: Value, shapes: ShapeInfo): number | undefined {
  return staticDims(shapes.shape(value))?.reduce((product, dim) => product * dim, 1);
}

/** Elements of all constants of a graph. */
function constantElements(graph: Graph): number {
  let sum = 0;
  for (const { tensor } of graph.values.values()) sum += tensor?.size ?? 0;
  for (const node of graph.nodes) {
    sum += node.tensor('value')?.size ?? 0;
    for (const subgraph of node.subgraphs) sum += constantElements(subgraph);
  }
  return sum;
}

class Folding {
  folded = 0;
  #workLeft: number;

  constructor(
    readonly shapes: ShapeInfo,
    readonly maxGrowth: number,
    readonly opset: number,
    /** Constants that the model's caller may replace. */
    readonly defaults: readonly Value[],
    graph: Graph,
  ) {
    this.#workLeft = MOST_WORK.more + MOST_WORK.perElement * constantElements(graph);
  }

  foldGraph(graph: Graph): void {
    const fixed = new Set([...graph.outputs, ...this.defaults]);
    for (const node of topologicalOrder(graph)) {
      for (const subgraph of node.subgraphs) this.foldGraph(subgraph);
      this.#foldNode(node, fixed);
    }
    graph.removeDead();
  }

  #foldNode(node: Node, fixed: ReadonlySet<Value>): void {
    if (node.op === 'Identity' && isConstant(node.inputs[0], fixed)) this.#bypass(node, fixed);
    else if (!node.outputs.some((output) => output && fixed.has(output))) {
      const results = this.#results(node, fixed);
      if (results) this.#replace(node, results);
    }
  }

  #bypass(node: Node, fixed: ReadonlySet<Value>): void {
    const [source] = node.inputs;
    const [output] = node.outputs;
    if (!source || !output) return;
    output.replaceAllUsesWith(source);
    if (!fixed.has(output)) this.folded++;
  }

  #results(node: Node, fixed: ReadonlySet<Value>): (Tensor | undefined)[] | undefined {
    if (node.op === 'Constant') {
      const tensor = constantTensor(node);
      return tensor && [tensor];
    }
    if (!this.#growthAllowed(node, fixed)) return undefined;
    const known = this.#knownResults(node);
    if (known) return known;
    const own = (value: Value) => isConstant(value, fixed);
    const constant =
      node.inputs.length > 0 && node.inputs.every((value) => !value || own(value) || isSpreadConstant(value, own));
    if (!constant || this.#workLeft < 0) return undefined;
    const results = evaluateNode(node, this.shapes, this.opset);
    for (const value of node.inputs) this.#workLeft -= (value && elementsOf(value, this.shapes)) ?? 0;
    for (const result of results ?? []) this.#workLeft -= result?.size ?? 0;
    return results;
  }

  /** The results that shape inference has already computed. */
  #knownResults(node: Node): (Tensor | undefined)[] | undefined {
    if (node.outputs.length === 0) return undefined;
    const results = node.outputs.map((output) => {
      const content = output && this.shapes.content(output);
      const dims = output && staticDims(this.shapes.shape(output));
      return content && dims ? tensorFromContent(this.shapes.elementType(output), dims, content) : undefined;
    });
    return results.every((result, index) => result || !node.outputs[index]) ? results : undefined;
  }

  #growthAllowed(node: Node, fixed: ReadonlySet<Value>): boolean {
    let added = 0;
    let parameters = 0;
    for (const output of node.outputs) {
      if (!output) continue;
      const dims = staticDims(this.shapes.shape(output));
      const type = this.shapes.elementType(output);
      if (!dims || !type) return false;
      const size = dims.reduce((product, dim) => product * dim, 1);
      const bytes = (size * (bitsPerElement(type) ?? 8)) / 8;
      added += bytes;
      if (isFloatType(type) && size > 1) parameters += bytes;
    }
    const freed = freedConstants(node, fixed);
    const freedParameters = freed.filter((tensor) => isFloatType(tensor.dataType));
    return parameters <= bytesOf(freedParameters) && added - bytesOf(freed) <= this.maxGrowth;
  }

  #replace(node: Node, results: readonly (Tensor | undefined)[]): void {
    for (const [index, output] of node.outputs.entries()) {
      const tensor = results[index];
      if (!output || !tensor) continue;
      output.producer = undefined;
      output.tensor = tensor;
      output.type = { elementType: tensor.dataType, shape: [...tensor.dims] };
      // Without outputs the node is dead and leaves with the others.
      node.outputs[index] = undefined;
    }
    node.truncateInputs(0);
    this.folded++;
  }
}

function isConstant(value: Value | undefined, fixed: ReadonlySet<Value>): boolean {
  return value?.tensor !== undefined && !fixed.has(value);
}

/** The constants that nothing but `node` reads. */
function freedConstants(node: Node, fixed: ReadonlySet<Value>): Tensor[] {
  const own = new Set(node.inputs.filter((value) => isConstant(value, fixed)));
  return [...own].flatMap((value) => (onlyReadBy(value!, node) ? [value!.tensor!] : []));
}

function bytesOf(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, tensor) => sum + tensor.byteLength, 0);
}

function onlyReadBy(value: Value, node: Node): boolean {
  for (const use of value.uses) if (use.node !== node) return false;
  return true;
}

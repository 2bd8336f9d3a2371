import { SnpError } from '../errors.js';
import { unpackSequences } from '../fold/unpackSequences.js';
import { inlineFunctions } from '../functions/inlineFunctions.js';
import { cloneModel } from '../ir/clone.js';
import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { constantBehind } from '../shape/constantBehind.js';
import type { Dim } from '../shape/dim.js';
import { evaluateDim, symbolsOf } from '../shape/dimFunctions.js';
import { type FreeNames, freeNames } from '../shape/freeNames.js';
import { inferShapes, type ShapeInfo } from '../shape/inferShapes.js';
import { bitsPerElement } from '../tensor/dataType.js';
import { nodeMacs } from './nodeMacs.js';
import { parameterCount } from './parameters.js';

/** What one node costs. */
export interface NodeCost {
  readonly node: Node;
  /** Multiply-accumulate operations; undefined where a shape they depend on is not known. */
  readonly macs: number | undefined;
  /** Parameters of which this node is the first reader. */
  readonly params: number;
  /** Bytes these parameters take in the file. */
  readonly bytes: number;
  /** Bytes of the outputs; those of unknown shape are left out. */
  readonly activationBytes: number;
}

/** What a model costs. */
export interface ModelCost {
  /** Parameters, each once however often it is read: see `parameterCount` for what counts as one. */
  readonly params: number;
  /** Multiply-accumulate operations of one run; nodes listed in `uncounted` are not in it. */
  readonly macs: number;
  /** Bytes the parameters take in the file. */
  readonly bytes: number;
  /** Bytes all nodes write in one run. */
  readonly activationBytes: number;
  /** Every node, those of subgraphs included, in order of execution. */
  readonly nodes: readonly NodeCost[];
  /** The size taken for each symbolic dimension. */
  readonly dims: Readonly<Record<string, number>>;
  /** Names in `dims` that the caller did not give: defaults were taken. */
  readonly assumed: readonly string[];
  /** Nodes whose MACs count but could not be told. */
  readonly uncounted: readonly Node[];
}

/** Options of `costOf`. */
export interface CostOptions {
  /** Shapes inferred before for this very state of the model. Default: inferred now. */
  shapes?: ShapeInfo;
  /**
   * Sizes of symbolic dimensions. Default: 1 for the first dimension of a graph input, 0 for tokens of the past, and 128 for any other: a model with a cache is counted as at prefill. What counts old and new tokens together is
   * their sum.
   */
  dims?: Readonly<Record<string, number>>;
}

/** Sizes taken for symbolic dimensions that are not given. */
export const COST_DEFAULTS = { batch: 1, past: 0, other: 128 } as const;

/**
 * Counts parameters and multiply-accumulate operations (MACs), per node and in all. MACs are those of matrix products,
 * convolutions, einsum contractions, attention and recurrent operators; norms, softmax, biases and elementwise
 * operators are not counted. Of the branches of an If the dearest counts; the body of a Loop or Scan counts as often as
 * it runs if that is known, else once. Functions of the model are counted by what they compute, and sequences of tensors by their parts: nodes are then those of a
 * copy without them.
 *
 * @throws SnpError `invalid-argument` if `dims` names no symbolic dimension of the model
 * @example
 * const { macs, params } = costOf(model); // DeiT-Tiny: 1.25e9, 5.72e6
 */
export function costOf(model: Model, options: CostOptions = {}): ModelCost {
  const counted = options.shapes ? model : takenApart(model);
  const shapes = options.shapes ?? inferShapes(counted);
  const counting = new Counting(shapes, new Sizes(counted.graph, shapes, options.dims ?? {}));
  const nodes = counting.graph(counted.graph, 1);
  counting.sizes.checkNames();
  const sum = (field: (cost: NodeCost) => number) => nodes.reduce((total, cost) => total + field(cost), 0);
  return {
    params: sum((cost) => cost.params),
    macs: sum((cost) => cost.macs ?? 0),
    bytes: sum((cost) => cost.bytes),
    activationBytes: sum((cost) => cost.activationBytes),
    nodes,
    dims: counting.sizes.taken,
    assumed: Object.keys(counting.sizes.taken).filter((name) => options.dims?.[name] === undefined),
    uncounted: nodes.filter((cost) => cost.macs === undefined).map((cost) => cost.node),
  };
}

/** A model without calls of functions and sequences of tensors, whose shapes could not be told; the model itself where it has none. */
function takenApart(model: Model): Model {
  const copy = cloneModel(model);
  const { inlined } = inlineFunctions(copy);
  return Object.keys(inlined).length + unpackSequences(copy) > 0 ? copy : model;
}

/** The size taken for each symbol met. */
class Sizes {
  readonly taken: Record<string, number> = {};
  readonly #free: FreeNames;

  constructor(
    graph: Graph,
    shapes: ShapeInfo,
    readonly given: Readonly<Record<string, number>>,
  ) {
    this.#free = freeNames(graph, shapes);
    const inputs = graph.inputs.filter((value) => !value.tensor).map((value) => shapes.shape(value) ?? []);
    for (const dim of inputs.flat()) this.of(dim);
  }

  of(dim: Dim): number {
    for (const { name } of symbolsOf(dim)) {
      this.taken[name] ??= this.#sizeOf(name);
    }
    return evaluateDim(dim, this.taken);
  }

  #sizeOf(name: string): number {
    const { firsts, others, pasts, totals } = this.#free;
    if (this.given[name] !== undefined) return this.given[name];
    if (firsts.includes(name)) return COST_DEFAULTS.batch;
    if (pasts.includes(name)) return COST_DEFAULTS.past;
    const fresh = others.find((own) => !pasts.includes(own) && !totals.includes(own));
    if (!totals.includes(name) || pasts.length === 0 || fresh === undefined) return COST_DEFAULTS.other;
    return this.#sizeOf(pasts[0]) + this.#sizeOf(fresh);
  }

  checkNames(): void {
    const stray = Object.keys(this.given).find((name) => this.taken[name] === undefined);
    if (stray === undefined) return;
    const names = Object.keys(this.taken).join(', ') || 'none';
    throw new SnpError('invalid-argument', `The model has no symbolic dimension '${stray}'. It has: ${names}.`);
  }
}

class Counting {
  readonly #counted = new Set<Value>();

  constructor(
    readonly shapes: ShapeInfo,
    readonly sizes: Sizes,
  ) {}

  /** The cost of a graph's nodes that run `times` times. */
  graph(graph: Graph, times: number): NodeCost[] {
    return graph.nodes.flatMap((node) => [this.#node(node, times), ...this.#subgraphs(node, times)]);
  }

  #node(node: Node, times: number): NodeCost {
    const macs = this.#macs(node);
    const weights = this.#weights(node);
    return { node, macs: macs && macs * times, ...weights, activationBytes: this.#written(node) * times };
  }

  #subgraphs(node: Node, times: number): NodeCost[] {
    const costs = node.subgraphs.map((graph) => this.graph(graph, times * this.#iterations(node)));
    if (node.op !== 'If') return costs.flat();
    const macsOf = (list: readonly NodeCost[]) => list.reduce((sum, cost) => sum + (cost.macs ?? 0), 0);
    const dearest = costs.reduce((best, list) => (macsOf(list) > macsOf(best) ? list : best), costs[0] ?? []);
    return costs.flatMap((list) =>
      list === dearest ? list : list.map((cost) => ({ ...cost, macs: 0, activationBytes: 0 })),
    );
  }

  #iterations(node: Node): number {
    if (node.op === 'Loop') {
      const count = node.inputs[0] && this.shapes.content(node.inputs[0])?.[0];
      return typeof count === 'number' && Number.isSafeInteger(count) ? count : 1;
    }
    if (node.op !== 'Scan') return 1;
    const sequence = node.inputs.at(-1);
    const length = sequence && this.shapes.shape(sequence)?.at(node.ints('scan_input_axes')?.at(-1) ?? 0);
    return length === undefined ? 1 : this.sizes.of(length);
  }

  #macs(node: Node): number | undefined {
    const macs = nodeMacs(node, this.shapes);
    return macs && this.sizes.of(macs);
  }

  #weights(node: Node): { params: number; bytes: number } {
    let params = 0;
    let bytes = 0;
    for (const [index, value] of node.inputs.entries()) {
      const count = value && !this.#counted.has(value) ? parameterCount(node, index) : 0;
      if (!value || count === 0) continue;
      this.#counted.add(value);
      params += count;
      bytes += constantBehind(value)?.byteLength ?? 0;
    }
    return { params, bytes };
  }

  #written(node: Node): number {
    if (node.op === 'Constant') return 0;
    let bytes = 0;
    for (const output of node.outputs) {
      const shape = output && this.shapes.shape(output);
      const bits = output && bitsPerElement(this.shapes.elementType(output) ?? 'UNDEFINED');
      if (shape && bits !== undefined) {
        const elements = shape.reduce<number>((product, dim) => product * this.sizes.of(dim), 1);
        bytes += Math.ceil((elements * bits) / 8);
      }
    }
    return bytes;
  }
}

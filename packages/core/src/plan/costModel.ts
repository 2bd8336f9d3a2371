import type { Analysis, Group } from '@snp/graph';
import { type CostOptions, costOf, evaluateDim, nodeMacs, parameterCount, type Value } from '@snp/onnx';
import { type SizedNode, sizedNodes } from './sizedNodes.js';
import { laneWidth, type Widths } from './widths.js';

/** What a model costs in the sizes that budgets limit. */
export interface Cost {
  /** Multiply-accumulate operations of one run at batch 1. */
  macs: number;
  params: number;
  /** Bytes of the weights. */
  bytes: number;
}

/** A node whose cost depends on widths. */
interface CostlyNode extends SizedNode {
  /** MACs by the widths of `groups`: planners ask for the same ones again and again. */
  known: Map<string, number>;
}

/** Weights of which groups take slices. */
interface SizedWeight {
  dims: readonly number[];
  bytesPerElement: number;
  cuts: readonly { axis: number; group: Group; indices: number }[];
}

/**
 * What a model will cost at any widths, without making it: whichever units leave, the numbers are those of the model that
 * surgery makes.
 */
export class CostModel {
  readonly #dims: Readonly<Record<string, number>>;
  readonly #nodes: readonly CostlyNode[];
  readonly #weights: readonly SizedWeight[];
  /** What no width changes. */
  readonly #fixed: Cost;

  constructor(analysis: Analysis, { dims }: Pick<CostOptions, 'dims'> = {}) {
    const full = costOf(analysis.model, { shapes: analysis.shapes, ...(dims && { dims }) });
    this.#dims = full.dims;
    const sized = new Map(sizedNodes(analysis).map((one) => [one.node, one]));
    let fixed = 0;
    const nodes: CostlyNode[] = [];
    for (const { node, macs = 0 } of full.nodes) {
      const own = sized.get(node);
      if (own && own.groups.length > 0 && macs > 0) nodes.push({ ...own, known: new Map() });
      else fixed += macs;
    }
    this.#nodes = nodes;
    const weights = weightsOf(analysis);
    this.#weights = weights.filter(({ cuts }) => cuts.length > 0);
    const rest = sizeOf(
      weights.filter(({ cuts }) => cuts.length === 0),
      {},
    );
    this.#fixed = { macs: fixed, ...rest };
  }

  /** What widths have a say in: all operations and weights with at least one dimension in a group. */
  prunable(): Cost {
    const whole = this.at({});
    return {
      macs: whole.macs - this.#fixed.macs,
      params: whole.params - this.#fixed.params,
      bytes: whole.bytes - Math.round(this.#fixed.bytes),
    };
  }

  /** The cost at given widths; groups that are not named are whole. */
  at(widths: Widths): Cost {
    const { params, bytes } = sizeOf(this.#weights, widths);
    const macs = this.#nodes.reduce((sum, node) => sum + this.#macs(node, widths), this.#fixed.macs);
    return { macs, params: params + this.#fixed.params, bytes: Math.round(bytes + this.#fixed.bytes) };
  }

  #macs({ node, groups, known, shapesAt }: CostlyNode, widths: Widths): number {
    const key = groups.map((group) => widths[group.id] ?? laneWidth(group)).join();
    let macs = known.get(key);
    if (macs === undefined) {
      const dim = nodeMacs(node, shapesAt(widths));
      macs = dim === undefined ? 0 : evaluateDim(dim, this.#dims);
      known.set(key, macs);
    }
    return macs;
  }
}

function weightsOf({ groups, model }: Analysis): SizedWeight[] {
  const cuts = new Map<Value, { axis: number; group: Group; indices: number }[]>();
  for (const group of groups) {
    for (const { initializer, axis, unitOf } of group.members) {
      const indices = unitOf.reduce((count, unit) => count + (unit >= 0 ? 1 : 0), 0);
      cuts.set(initializer, [...(cuts.get(initializer) ?? []), { axis, group, indices }]);
    }
  }
  return model.graph.initializers.flatMap((value): SizedWeight[] => {
    const counts = [...value.uses].some(({ node, index }) => parameterCount(node, index) > 0);
    if (!counts) return [];
    const { dims, byteLength, size } = value.tensor!;
    return [{ dims, bytesPerElement: byteLength / Math.max(1, size), cuts: cuts.get(value) ?? [] }];
  });
}

function sizeOf(weights: readonly SizedWeight[], widths: Widths): { params: number; bytes: number } {
  let [params, bytes] = [0, 0];
  for (const { dims, bytesPerElement, cuts } of weights) {
    const removed = new Array<number>(dims.length).fill(0);
    for (const { axis, group, indices } of cuts) {
      removed[axis] += indices * (1 - (widths[group.id] ?? laneWidth(group)) / laneWidth(group));
    }
    const left = dims.reduce((product, dim, axis) => product * (dim - Math.round(removed[axis])), 1);
    params += left;
    bytes += left * bytesPerElement;
  }
  return { params, bytes };
}

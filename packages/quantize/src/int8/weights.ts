import { dataTypeCode, type Graph, type Model, Tensor, type Value } from '@snp/onnx';
import type { QuantizedWeight } from '../quantizedWeight.js';
import { int8, type Rounded, rounded, transposed } from '../rounded.js';

/** What Cast names float32 by. */
export const FLOAT_CODE: number = dataTypeCode('FLOAT');

/** Why a weight stays that callers may replace. */
export const GIVEN = 'its weight is an input of the model, which callers may give';

/** A weight as nodes read it: 8-bit numbers and a scale per channel. */
export interface ReadWeight {
  numbers: Value;
  scales: Value;
}

/** The weights of a graph in 8 bits: each is rounded once, whoever reads it. */
export class Weights {
  readonly rounded: QuantizedWeight[] = [];
  readonly #rounded = new Map<string, Rounded>();
  readonly #read = new Map<string, ReadWeight>();
  readonly #activations = new Map<Value, readonly Value[]>();

  readonly graph: Graph;
  readonly opset: number;

  constructor({ graph, opset }: Model) {
    this.graph = graph;
    this.opset = opset;
  }

  /** Whether a constant is only the default of an input. */
  isGiven(value: Value): boolean {
    return this.graph.inputs.includes(value);
  }

  /**
   * A matrix with a scale for each position of one axis.
   *
   * @param options.turned Rows and columns are exchanged for the reader. Where rows are taken from the matrix too, that is left to the runtime, so that it is stored once.
   */
  read(value: Value, axis: 0 | 1, { use, turned }: { use: QuantizedWeight['use']; turned: boolean }): ReadWeight {
    const key = `${value.name}/${axis}`;
    const known = this.#read.get(`${key}/${turned}`);
    if (known) return known;
    const tensor = value.tensor!;
    const { dims } = tensor;
    let own = this.#rounded.get(key);
    if (!own) {
      own = rounded({ dims, numbers: tensor.numbers() }, axis);
      this.#rounded.set(key, own);
      this.rounded.push({ name: value.name, dims, use, signalToNoise: own.signalToNoise });
    }
    const { graph } = this;
    const other = this.#read.get(`${key}/${!turned}`);
    const scales =
      other?.scales ?? graph.addInitializer(`${value.name}_scale`, Tensor.float32([dims[axis]], own.scales));
    const found = { numbers: this.#numbers(value, own, { axis, use, turned }), scales };
    this.#read.set(`${key}/${turned}`, found);
    return found;
  }

  #numbers(
    value: Value,
    own: Rounded,
    { axis, use, turned }: { axis: 0 | 1; use: QuantizedWeight['use']; turned: boolean },
  ): Value {
    const { graph } = this;
    const { dims } = value.tensor!;
    const name = `${value.name}_int8`;
    if (!turned) return graph.addInitializer(name, int8(dims, own.numbers));
    const asRows =
      this.#read.has(`${value.name}/${axis}/false`) || [...value.uses].some(({ node }) => node.op === 'Gather');
    if (!asRows) return graph.addInitializer(`${name}_turned`, int8([dims[1], dims[0]], transposed(own, dims)));
    const { numbers } = this.read(value, axis, { use, turned: false });
    const [first] = graph.nodes;
    return graph.addNode({
      op: 'Transpose',
      inputs: [numbers],
      outputs: [`${name}_turned`],
      attributes: { perm: [1, 0] },
      before: first,
    }).outputs[0]!;
  }

  /** An activation as it is rounded while the model runs: numbers, scale and zero point. Readers of one share it. */
  activation(value: Value, make: () => readonly Value[]): readonly Value[] {
    const known = this.#activations.get(value) ?? make();
    this.#activations.set(value, known);
    return known;
  }
}

import { cloneModel, type Model, type Value } from '@snp/onnx';

/** A value to compute beside a model's own: a few nodes that are added to a copy of the graph. */
export interface Tap {
  /** Name of the output the tap becomes; unique among the taps of one run. */
  readonly name: string;
  /** Adds the nodes to `model` and returns the value they end in. */
  build(model: Model): Value;
}

/**
 * A copy of a model whose outputs are the taps' values, each under the tap's name. Whatever only the original outputs need
 * is left out.
 */
export function addTaps(model: Model, taps: readonly Tap[]): Model {
  const tapped = cloneModel(model);
  const { graph } = tapped;
  const outputs = taps.map((tap) => {
    const value = tap.build(tapped);
    // A name of its own, also where two taps end in the same value.
    const [output] = graph.addNode({ op: 'Identity', inputs: [value], outputs: [tap.name] }).outputs;
    output!.type = { elementType: value.type?.elementType ?? 'FLOAT', shape: undefined };
    return output!;
  });
  graph.outputs.splice(0, graph.outputs.length, ...outputs);
  graph.removeDead();
  return tapped;
}

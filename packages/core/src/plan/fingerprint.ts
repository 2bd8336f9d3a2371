import type { Model } from '@snp/onnx';

/** A short hash of a model's structure: operators, wiring, initializers' names and shapes; not of the weights' values. */
export function fingerprint(model: Model): string {
  // FNV-1a with 64 bits: tells models apart, and needs nothing that a browser lacks. Not meant against forgery.
  let hash = 0xcbf29ce484222325n;
  const add = (text: string) => {
    for (let i = 0; i < text.length; i++)
      hash = ((hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n) & 0xffffffffffffffffn;
  };
  for (const value of model.graph.initializers) add(`${value.name}:${value.tensor!.dataType}:${value.tensor!.dims};`);
  for (const node of model.graph.nodes) {
    add(
      `${node.op}(${node.inputs.map((value) => value?.name ?? '')})${node.outputs.map((value) => value?.name ?? '')};`,
    );
  }
  return hash.toString(16).padStart(16, '0');
}

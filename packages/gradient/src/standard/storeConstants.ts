import type { Model } from '@snp/onnx';

/** Keeps what Constant nodes hold as initializers, in place: there is one form of a constant then. */
export function storeConstants({ graph }: Model): void {
  const doomed = graph.nodes.filter((node) => node.op === 'Constant' && node.tensor('value'));
  for (const node of doomed) {
    const [value] = node.outputs;
    if (!value) continue;
    value.tensor = node.tensor('value');
    value.producer = undefined;
    node.outputs[0] = undefined;
  }
  graph.removeNodes(doomed);
}

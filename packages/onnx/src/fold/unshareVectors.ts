import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';

/** Operators that give a stored vector another type or other axes. */
const FORMS = new Set(['Cast', 'Flatten', 'Identity', 'Reshape', 'Squeeze', 'Transpose', 'Unsqueeze']);

/**
 * Gives each reader of a stored vector in another form, as one behind a Cast, a node of its own that makes it, in place: such a vector has several readers only
 * because an exporter found equal numbers. Results do not change.
 */
export function unshareVectors({ graph }: Model): void {
  const forms = new Set<Node>();
  for (const node of graph.nodes) if (isFormOfVector(node, forms)) forms.add(node);
  // Readers come first: what is made in several steps has as many readers then as its last form.
  for (const node of [...forms].reverse()) {
    const output = node.outputs[0]!;
    if (graph.outputs.includes(output)) continue;
    const [, ...others] = [...output.uses].filter((use) => use.node.graph === graph);
    for (const { node: reader, index } of others) {
      const copy = graph.addCopy(node, { inputs: node.inputs, outputs: [output.name], before: reader });
      copy.outputs[0]!.type = output.type;
      reader.setInput(index, copy.outputs[0]);
    }
  }
}

function isFormOfVector({ op, inputs: [source, ...more], outputs }: Node, forms: ReadonlySet<Node>): boolean {
  if (!FORMS.has(op) || !source || !outputs[0] || more.some((value) => value && !value.tensor)) return false;
  return isVector(source) || (source.producer !== undefined && forms.has(source.producer));
}

function isVector({ tensor }: Value): boolean {
  return tensor !== undefined && tensor.size > 1 && tensor.dims.filter((dim) => dim > 1).length === 1;
}

import { Graph, Model, Tensor, type Value } from '@snp/onnx';
import { buildSeq2seq, type Seq2seqOptions } from './buildSeq2seq.js';

/**
 * Both decoders of an encoder-decoder in one file, as Optimum merges them (`decoder_model_merged.onnx`): an `If` on the input `use_cache_branch` [1], whose branches read weights of the graph around them. The one with a past
 * gives nothing for keys and values of the encoder's answer, which do not change.
 *
 * @example
 * const sizes = { vocabulary: 40, width: 16, depth: 2, heads: 2, headSize: 8, hidden: 24 };
 * const decoder = buildMergedDecoder(sizes);
 */
export function buildMergedDecoder(options: Seq2seqOptions): Model {
  const decoders = (['decoder', 'decoder-with-past'] as const).map((part) => buildSeq2seq(part, options));
  const halves = decoders.map((decoder) => decoder.graph);
  const [{ outputs }] = halves;
  const model = new Model(new Graph('seq2seq'));
  for (const [domain, version] of decoders[0].opsets) model.opsets.set(domain, version);
  const { graph } = model;
  const choice = graph.addValue('use_cache_branch');
  choice.type = { elementType: 'BOOL', shape: [1] };
  for (const input of halves.flatMap((half) => half.inputs))
    if (!graph.values.has(input.name)) graph.inputs.push(same(input, graph));
  graph.inputs.push(choice);
  for (const weight of halves.flatMap((half) => half.initializers))
    if (weight.tensor!.size >= SHARED && !graph.values.has(weight.name)) same(weight, graph);
  const [without, withPast] = halves.map((half, at) =>
    branch(half, graph, {
      prefix: at === 0 ? 'no_past/' : 'with_past/',
      outputs: outputs.map(({ name }) => name),
      options,
    }),
  );
  const node = graph.addNode({
    op: 'If',
    inputs: [choice],
    outputs: outputs.map(({ name, type }) => Object.assign(graph.addValue(name), { type })),
    attributes: { then_branch: { type: 'GRAPH', value: withPast }, else_branch: { type: 'GRAPH', value: without } },
  });
  graph.outputs.push(...node.outputs.map((output) => output!));
  return model;
}

/** Weights of so many numbers lie in the graph around the branches. */
const SHARED = 16;

function same({ name, type, tensor }: Value, graph: Graph): Value {
  return Object.assign(graph.addValue(name), { type, tensor });
}

/** A decoder as a branch of the graph around it. */
function branch(
  decoder: Graph,
  around: Graph,
  { prefix, outputs, options }: { prefix: string; outputs: readonly string[]; options: Seq2seqOptions },
): Graph {
  const made = new Graph(prefix, around);
  const inside = new Map<Value, Value>();
  for (const value of decoder.values.values()) {
    const outer = around.values.get(value.name);
    const own = outer ?? made.addValue(`${prefix}${value.name}`);
    if (!outer) Object.assign(own, { type: value.type, tensor: value.tensor });
    inside.set(value, own);
  }
  for (const node of decoder.nodes)
    made.addNode({
      op: node.opType,
      inputs: node.inputs.map((input) => input && inside.get(input)),
      outputs: node.outputs.map((output) => inside.get(output!)!),
      attributes: Object.fromEntries(node.attributes),
    });
  for (const name of outputs) {
    const given = decoder.outputs.find((output) => output.name === name);
    made.outputs.push(given ? inside.get(given)! : nothing(made, `${prefix}${name}`, options));
  }
  return made;
}

function nothing(graph: Graph, name: string, { heads, headSize }: Seq2seqOptions): Value {
  const value = Tensor.float32([0, heads, 1, headSize], []);
  const output = graph.addNode({ op: 'Constant', inputs: [], outputs: [name], attributes: { value } }).outputs[0]!;
  output.type = { elementType: 'FLOAT', shape: [0, heads, 1, headSize] };
  return output;
}

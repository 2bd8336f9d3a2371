import { type Message, modelToProto, type Value } from '@snp/onnx';
import { SpellingWriter } from './spellingWriter.js';

const DOMAIN = 'spelled';

/**
 * Calls a function of the model with one output, which it returns; the first call defines the function. Its body computes from its inputs alone.
 */
export function localFunction(
  writer: SpellingWriter,
  name: string,
  inputs: readonly Value[],
  write: (body: SpellingWriter, inputs: Value[]) => Value,
): Value {
  const { model } = writer.builder;
  model.proto ??= {};
  const proto = model.proto as { functions?: Message[] };
  proto.functions ??= [];
  if (!proto.functions.some((each) => each.name === name)) proto.functions.push(define(writer, name, inputs, write));
  model.opsets.set(DOMAIN, 1);
  return model.graph.addNode({ op: name, domain: DOMAIN, inputs, outputs: [`${name}_output`] }).outputs[0]!;
}

function define(
  { habits }: SpellingWriter,
  name: string,
  inputs: readonly Value[],
  write: (body: SpellingWriter, inputs: Value[]) => Value,
): Message {
  // A body holds no initializers: its constants are nodes.
  const body = new SpellingWriter({ ...habits, sizes: 'constant', noise: 0 });
  const parameters = inputs.map((_, at) => body.builder.model.graph.addValue(`x${at}`));
  const result = write(body, parameters);
  const { graph, opsetImport } = modelToProto(body.builder.model) as { graph: Message; opsetImport: Message[] };
  return {
    name,
    domain: DOMAIN,
    input: parameters.map((value) => value.name),
    output: [result.name],
    node: graph.node,
    opsetImport,
  };
}

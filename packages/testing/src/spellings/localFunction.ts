import { type Message, modelToProto, type Tensor, type Value } from '@snp/onnx';
import { SpellingWriter, type WritingHabits } from './spellingWriter.js';
import type { Weight } from './weight.js';

const DOMAIN = 'spelled';

/** Writes the body of a function, which holds no initializers: its constants are nodes, its weights parameters. */
class FunctionWriter extends SpellingWriter {
  readonly weights: (readonly [Weight, WritingHabits['storage']])[] = [];
  readonly parameters: Value[] = [];

  parameter(name: string): Value {
    const value = this.builder.model.graph.addValue(name);
    this.parameters.push(value);
    return value;
  }

  override weight(weight: Weight, storage = this.habits.storage): Value {
    this.weights.push([weight, storage]);
    return this.parameter(`weight${this.weights.length}`);
  }

  protected override initializer(_name: string, tensor: Tensor): Value {
    return this.op('Constant', [], { value: tensor });
  }
}

/** Calls a function of the model with one output, which it returns; the first call of a name defines it. */
export function localFunction(
  writer: SpellingWriter,
  name: string,
  inputs: readonly Value[],
  write: (body: SpellingWriter, inputs: Value[]) => Value,
): Value {
  const body = new FunctionWriter({ ...writer.habits, noise: 0 });
  const result = write(
    body,
    inputs.map((_, at) => body.parameter(`x${at}`)),
  );
  const functions = functionsOf(writer);
  const inner = functionsOf(body);
  const own = { name, ...definition(body, result) };
  for (const each of [...inner, own]) if (!functions.some((other) => other.name === each.name)) functions.push(each);
  for (const [domain, version] of body.builder.model.opsets) writer.builder.model.opsets.set(domain, version);
  const weights = body.weights.map(([weight, storage]) => writer.weight(weight, storage));
  return writer.builder.op('', name, [...inputs, ...weights], {}, DOMAIN);
}

function functionsOf({ builder: { model } }: SpellingWriter): Message[] {
  model.opsets.set(DOMAIN, 1);
  model.proto ??= {};
  const proto = model.proto as { functions?: Message[] };
  proto.functions ??= [];
  return proto.functions;
}

function definition({ builder, parameters }: FunctionWriter, result: Value): Message {
  const { graph, opsetImport } = modelToProto(builder.model) as { graph: Message; opsetImport: Message[] };
  return {
    domain: DOMAIN,
    input: parameters.map((value) => value.name),
    output: [result.name],
    node: graph.node,
    opsetImport,
  };
}

import {
  inferShapes,
  isFloatType,
  type Model,
  type ShapeInfo,
  SnpError,
  topologicalOrder,
  type Value,
} from '@snp/onnx';
import { Activity } from './reverse/activity.js';
import { backward } from './reverse/backward.js';
import { standardForm } from './standard/standardForm.js';
import { GraphWriter } from './write/graphWriter.js';

/** Options of `gradientModel`. */
export interface GradientModelOptions {
  /** Names of the values by which is differentiated: initializers, activations, graph inputs. */
  by: readonly string[];
  /** Names of the values that are differentiated. Default: all graph outputs of floating-point numbers. */
  outputs?: readonly string[] | undefined;
  /**
   * What each output is multiplied with:
   * - `input` (default): a direction, given as a graph input of the output's shape; gradients are products of that vector with the Jacobian
   * - `ones`: nothing, so that gradients are those of the sum of all outputs' numbers, such as of a loss
   * - names of values of the model by output: what the model computes by itself. No gradient flows into them.
   */
  directions?: 'input' | 'ones' | Readonly<Record<string, string>> | undefined;
  /** Whether gradients of initializers are given for each sample, along a first axis: [samples, ...shape]. The first axis of the model's inputs is that of samples then. Default: false. */
  perSample?: boolean | undefined;
  /** Whether the model gives its own outputs too. Default: true. */
  keepOutputs?: boolean | undefined;
}

/** A model that gives gradients. */
export interface GradientModel {
  model: Model;
  /** Graph inputs that take directions, by the name of what is differentiated. None where `directions` asks for none. */
  directions: Readonly<Record<string, string>>;
  /** Graph outputs that give gradients, by the name of what is differentiated by: of its shape and type. */
  gradients: Readonly<Record<string, string>>;
}

const KNOWN: ReadonlySet<string> = new Set(['by', 'outputs', 'directions', 'perSample', 'keepOutputs']);

/**
 * The model that computes gradients of a model, by reverse-mode differentiation (Baur and Strassen 1983) as a rewriting of its graph: an ordinary ONNX model, which runs wherever the
 * runtime runs. The given model is left as it is. Operators that are not differentiable, and paths of whole numbers, end a gradient; local functions are written out. The operator set of the result is 16 or newer.
 *
 * @throws SnpError `invalid-argument` for names that the graph does not have, or an unknown option; `unsupported` for an operator without a rule on the way, by name.
 * @example
 * const vit = await readModel('vit.onnx');
 * const { model, directions, gradients } = gradientModel(vit, { by: ['blocks.0.mlp.fc1.weight'] });
 * // Feed what `vit` takes, and a direction of the shape of its answers under directions.logits; read gradients['blocks.0.mlp.fc1.weight'].
 */
export function gradientModel(source: Model, options: GradientModelOptions): GradientModel {
  checkOptions(options);
  const model = standardForm(source, [...options.by, ...(options.outputs ?? [])]);
  const { graph } = model;
  const shapes = inferShapes(model);
  const outputs = options.outputs?.map((name) => graph.value(name)) ?? floatOutputs(model, shapes);
  const by = [...new Set(options.by)].map((name) => graph.value(name));
  for (const value of by) checkFloat(value, shapes);
  const writer = new GraphWriter(graph, model.opset);
  const nodes = topologicalOrder(graph);
  const starts = outputs.map((value) => ({ value, ...seedOf(value, { writer, shapes, options }) }));
  const gradients = backward(nodes, {
    writer,
    shapes,
    activity: new Activity(nodes, { by, shapes }),
    seeds: new Map(starts.map(({ value, seed }) => [value, seed])),
    perSample: new Set(options.perSample ? by.filter(({ tensor }) => tensor) : []),
  });
  if (options.keepOutputs === false) graph.outputs.length = 0;
  const given = by.map((value): [string, string] => {
    const found = gradients.get(value) ?? writer.filled(0, shapes.elementType(value)!, writer.shapeOf(value));
    const output = writer.op('Identity', [found]);
    graph.values.delete(output.name);
    output.name = graph.uniqueName(`gradient/${value.name}`);
    graph.values.set(output.name, output);
    output.type = { elementType: shapes.elementType(value)!, shape: undefined };
    graph.outputs.push(output);
    return [value.name, output.name];
  });
  graph.removeDead();
  return {
    model,
    directions: Object.fromEntries(starts.flatMap(({ value, input }) => (input ? [[value.name, input.name]] : []))),
    gradients: Object.fromEntries(given),
  };
}

function checkOptions(options: GradientModelOptions): void {
  for (const name of Object.keys(options)) {
    if (KNOWN.has(name)) continue;
    throw new SnpError('invalid-argument', `gradientModel has no option '${name}'. It has ${[...KNOWN].join(', ')}.`);
  }
  if (!Array.isArray(options.by) || options.by.length === 0) {
    throw new SnpError(
      'invalid-argument',
      "Option 'by' of gradientModel lists the names of values to differentiate by.",
    );
  }
}

function floatOutputs({ graph }: Model, shapes: ShapeInfo): Value[] {
  const outputs = graph.outputs.filter((value) => isFloatType(shapes.elementType(value)));
  if (outputs.length > 0) return outputs;
  throw new SnpError(
    'invalid-argument',
    'The model has no output of floating-point numbers that could be differentiated.',
  );
}

function checkFloat(value: Value, shapes: ShapeInfo): void {
  const type = shapes.elementType(value);
  if (type && isFloatType(type)) return;
  throw new SnpError(
    'invalid-argument',
    `'${value.name}' cannot be differentiated by: it holds ${type ?? 'values of an unknown type'}, not floating-point numbers.`,
    { value: value.name },
  );
}

/** The gradient that an output starts with. */
function seedOf(
  value: Value,
  { writer, shapes, options }: { writer: GraphWriter; shapes: ShapeInfo; options: GradientModelOptions },
): { seed: Value; input?: Value } {
  const type = shapes.elementType(value) ?? 'FLOAT';
  if (options.directions === 'ones') return { seed: writer.filled(1, type, writer.shapeOf(value)) };
  const { graph } = writer;
  if (typeof options.directions === 'object') return { seed: graph.value(options.directions[value.name]) };
  const input = graph.addValue(graph.uniqueName(`direction/${value.name}`));
  const shape = shapes.shape(value)?.map((dim) => (typeof dim === 'number' ? dim : undefined));
  input.type = { elementType: type, shape };
  graph.inputs.push(input);
  return { seed: input, input };
}

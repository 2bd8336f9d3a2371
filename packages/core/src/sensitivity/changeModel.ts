import { dataTypeCode, Graph, Model, type ShapeInfo, Tensor, type TensorType, type Value } from '@snp/onnx';
import type { Reach } from './reach.js';

/** Weights by name. */
export type ChangedWeights = ReadonlyMap<string, Tensor>;

/** A model that tells what changes of weights do, in some directions, at the place that all of them pass. */
export interface ChangeModel {
  model: Model;
  /** Names of inputs, by the names of the values that they take. */
  inputs: ReadonlyMap<string, string>;
  /** Names of the inputs that take directions. */
  directions: readonly string[];
  /** Of each change, of each direction: name of the output that holds the product of the two, for each sample, or of all where they lie together. */
  products: readonly (readonly string[])[];
}

/** What is to be built. */
interface ChangeModelOptions {
  reach: Reach;
  changes: readonly ChangedWeights[];
  directions: number;
  shapes: ShapeInfo;
  /** Whether the first axis of the end counts samples. */
  bySample: boolean;
}

/** Builds the part of a model that changes run through, once for each of them. */
export function changeModel(
  whole: Model,
  { reach, changes, directions: count, shapes, bySample }: ChangeModelOptions,
): ChangeModel {
  const model = new Model(new Graph('changes'));
  model.irVersion = whole.irVersion;
  for (const [domain, version] of whole.opsets) model.opsets.set(domain, version);
  const { graph } = model;
  const inputs = new Map<string, string>();
  const given = (value: Value, name: string) => {
    const input = graph.addValue(graph.uniqueName(name));
    const shape = shapes.shape(value)?.map((dim, axis) => (typeof dim === 'number' ? dim : `${input.name}_${axis}`));
    input.type = { elementType: shapes.elementType(value) ?? 'FLOAT', shape } satisfies TensorType;
    graph.inputs.push(input);
    return input;
  };
  const start = new Map(
    reach.frontier.map((value) => {
      const input = given(value, 'given');
      inputs.set(value.name, input.name);
      return [value, input] as const;
    }),
  );
  const before = given(reach.end, 'before');
  inputs.set(reach.end.name, before.name);
  const directions = Array.from({ length: count }, () => given(reach.end, 'direction'));
  const shared = new Map<Value, Value>();
  const constant = (value: Value) => {
    const own = shared.get(value) ?? graph.addInitializer(value.name, value.tensor!);
    shared.set(value, own);
    return own;
  };
  const rank = shapes.shape(reach.end)!.length;
  const products = changes.map((weights) => {
    const own = new Map<Value, Value>(start);
    const at = (value: Value): Value => {
      const known = own.get(value);
      if (known) return known;
      const changed = weights.get(value.name);
      if (!changed) return constant(value);
      own.set(value, graph.addInitializer(value.name, changed));
      return own.get(value)!;
    };
    for (const node of reach.nodes) {
      const copy = graph.addCopy(node, {
        inputs: node.inputs.map((value) => value && at(value)),
        outputs: node.outputs.map((value) => value?.name ?? 'unused'),
      });
      for (const [index, value] of node.outputs.entries()) if (value) own.set(value, copy.outputs[index]!);
    }
    const op = (name: string, given: Value[], attributes = {}) =>
      graph.addNode({ op: name, inputs: given, attributes, outputs: [name] }).outputs[0]!;
    const difference = op('Sub', [own.get(reach.end)!, before]);
    return directions.map((direction) => {
      const product = op('Mul', [difference, direction]);
      const single = op('Cast', [product], { to: dataTypeCode('FLOAT') });
      const flat = bySample && rank > 1 ? op('Flatten', [single], { axis: 1 }) : op('Flatten', [single], { axis: 0 });
      const axis = model.opset >= 13 ? [graph.addInitializer('axis', Tensor.int64([1], [1]))] : [];
      const attributes = model.opset >= 13 ? { keepdims: 0 } : { keepdims: 0, axes: [1] };
      const sum = op('ReduceSum', [flat, ...axis], attributes);
      sum.type = { elementType: 'FLOAT', shape: undefined };
      graph.outputs.push(sum);
      return sum.name;
    });
  });
  return { model, inputs, directions: directions.map(({ name }) => name), products };
}

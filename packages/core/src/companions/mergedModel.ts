import {
  cloneGraph,
  cloneModel,
  constantBehind,
  Graph,
  Model,
  Tensor,
  takeConstantBranches,
  type Value,
} from '@snp/onnx';
import type { Feeds } from '@snp/runtime';
import { equal } from './matchWeights.js';

/** Two models in one file, of which an input chooses one: as Optimum merges the decoders without and with a past. */
export interface MergedModel {
  /** What runs where the input is false: the decoder without a past. */
  first: Model;
  /** What runs where it is true. */
  second: Model;
  /** Name of the input that chooses. */
  choice: string;
  /** Puts two models, made of these, in one file again: weights that both have are in there once. */
  merge(first: Model, second: Model): Model;
}

/** The two models of a file that is nothing but an `If` on one of its inputs; undefined for others. */
export function mergedModel(model: Model): MergedModel | undefined {
  const { graph } = model;
  const [node, ...others] = graph.nodes;
  const choice = node?.inputs[0];
  if (node?.op !== 'If' || others.length > 0 || !choice || !graph.inputs.includes(choice) || choice.tensor)
    return undefined;
  if (graph.outputs.some((output) => output.producer !== node)) return undefined;
  const [first, second] = [false, true].map((taken) => halfOf(model, choice.name, taken));
  if (!first || !second) return undefined;
  return {
    first: first.model,
    second: second.model,
    choice: choice.name,
    merge: (...models) =>
      merged(
        model,
        choice.name,
        [first, second].map(({ fixed }, at) => ({ model: models[at], fixed })),
      ),
  };
}

/** One of the models of a file. */
interface Half {
  model: Model;
  /** Outputs of the file that are always the same where this one runs, as those that only the other one gives. */
  fixed: ReadonlyMap<string, Tensor>;
}

/** The model as it is where the choice is made; undefined where that cannot be taken out of the `If`. */
function halfOf(model: Model, choice: string, taken: boolean): Half | undefined {
  const half = cloneModel(model);
  const { graph } = half;
  const input = graph.value(choice);
  const chosen = graph.addInitializer('choice', Tensor.of('BOOL', [1], Uint8Array.of(taken ? 1 : 0)));
  input.replaceAllUsesWith(chosen);
  if (takeConstantBranches(half) === 0) return undefined;
  const fixed = new Map(
    graph.outputs.flatMap((output): [string, Tensor][] => {
      const content = constantBehind(handedOn(output));
      return content ? [[output.name, content]] : [];
    }),
  );
  graph.outputs.splice(0, graph.outputs.length, ...graph.outputs.filter(({ name }) => !fixed.has(name)));
  graph.removeDead();
  const read = graph.inputs.filter((value) => value.uses.size > 0);
  graph.inputs.splice(0, graph.inputs.length, ...read);
  return { model: half, fixed };
}

/** What a value is that was only handed on. */
function handedOn(value: Value): Value {
  const { producer } = value;
  return producer?.op === 'Identity' ? handedOn(producer.inputs[0]!) : value;
}

/** @param halves Where the choice is false, and where it is true. */
function merged(original: Model, choice: string, halves: readonly Half[]): Model {
  const whole = new Model(new Graph(original.graph.name));
  whole.graph.proto = original.graph.proto;
  whole.irVersion = original.irVersion;
  whole.producerName = original.producerName;
  whole.producerVersion = original.producerVersion;
  whole.proto = original.proto;
  const models = halves.map(({ model }) => model);
  for (const [key, value] of [...original.metadata, ...models[0].metadata]) whole.metadata.set(key, value);
  for (const { opsets } of [original, ...models])
    for (const [domain, version] of opsets) whole.opsets.set(domain, version);
  const { graph } = whole;
  for (const { name } of original.graph.inputs) {
    const source = models.flatMap((model) => model.graph.inputs.find((input) => input.name === name) ?? [])[0];
    graph.inputs.push(copied(source ?? original.graph.value(name), graph));
  }
  const outputs = original.graph.outputs.map((output) => {
    const [given] = models.flatMap((model) => model.graph.outputs.find(({ name }) => name === output.name) ?? []);
    const shape = given?.type?.shape;
    const own = copied(output, graph);
    // Free sizes are those of both halves, others those that are left.
    const sized = own.type?.shape?.map((size, axis) => (typeof size === 'number' ? (shape?.[axis] ?? size) : size));
    if (own.type) own.type = { ...own.type, shape: sized };
    return own;
  });
  const [otherwise, then] = halves.map(({ model, fixed }) => {
    const branch = branchOf(model.graph, graph);
    const own = new Map(model.graph.outputs.map(({ name }, at) => [name, branch.outputs[at]]));
    const all = outputs.map(({ name }) => own.get(name) ?? constantIn(branch, name, fixed.get(name)!));
    branch.outputs.splice(0, branch.outputs.length, ...all);
    return branch;
  });
  for (const branch of [otherwise, then]) nameApart(branch, graph);
  graph.addNode({
    op: 'If',
    name: original.graph.nodes[0].name,
    inputs: [graph.value(choice)],
    outputs,
    attributes: {
      then_branch: { type: 'GRAPH', value: then },
      else_branch: { type: 'GRAPH', value: otherwise },
    },
  });
  graph.outputs.push(...outputs);
  return whole;
}

function constantIn(branch: Graph, name: string, value: Tensor): Value {
  return branch.addNode({ op: 'Constant', inputs: [], outputs: [name], attributes: { value } }).outputs[0]!;
}

/** A value of the same name, type and content in another graph. */
function copied({ name, type, tensor, proto }: Value, graph: Graph): Value {
  const copy = graph.addValue(name);
  Object.assign(copy, { type: type && { ...type }, tensor, proto });
  return copy;
}

/** A graph as a branch: inputs and weights are those of the graph around it, where weights of one name and content are one. */
function branchOf(half: Graph, around: Graph): Graph {
  const branch = cloneGraph(half, around);
  const inputs = new Set(branch.inputs.splice(0));
  for (const value of [...branch.values.values()]) {
    const outer = inputs.has(value) ? around.value(value.name) : sharedWeight(value, around);
    if (!outer) continue;
    value.replaceAllUsesWith(outer);
    branch.values.delete(value.name);
    // A branch gives what it computes.
    for (const [at, output] of branch.outputs.entries())
      if (output === value) branch.outputs[at] = branch.addNode({ op: 'Identity', inputs: [outer] }).outputs[0]!;
  }
  return branch;
}

/** Names of a branch must not be those of what lies around it. */
function nameApart(branch: Graph, around: Graph): void {
  for (const value of [...branch.values.values()]) {
    if (!around.values.has(value.name)) continue;
    branch.values.delete(value.name);
    value.name = branch.uniqueName(value.name);
    branch.values.set(value.name, value);
  }
}

/** A weight of the graph around a branch that stands for one of the branch; undefined for what is no weight, or another of this name. */
function sharedWeight(value: Value, around: Graph): Value | undefined {
  if (!value.tensor) return undefined;
  const there = around.values.get(value.name);
  if (!there) return copied(value, around);
  return there.tensor && equal(value.tensor, there.tensor) ? there : undefined;
}

/** Of inputs of the whole file those that one of its models reads. */
export function readBy({ graph }: Model, feeds: Feeds): Feeds {
  const read = new Set(graph.inputs.map(({ name }) => name));
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => read.has(name)));
}

import type { AttributeInit } from '../ir/attribute.js';
import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { inferShapes, type ShapeInfo } from '../shape/inferShapes.js';
import { Tensor } from '../tensor/tensor.js';

/**
 * Takes sequences of tensors out, in place, wherever the model says which tensors they hold: SplitToSequence with constant sizes becomes Split, what SequenceAt
 * takes with a constant index is read where it comes from, ConcatFromSequence becomes Concat, SequenceLength a constant. Results do not change. A
 * sequence that leaves the graph, enters a loop or depends on data stays.
 *
 * @returns how many nodes no longer read a sequence
 * @example
 * unpackSequences(model); // q, k and v split from one projection are outputs of a Split now
 */
export function unpackSequences(model: Model): number {
  let unpacked = 0;
  // Once more after each success: only then are the shapes known of what was unpacked.
  while (holdsReader(model.graph)) {
    const unpacking = new Unpacking(model, inferShapes(model));
    unpacking.graph(model.graph);
    if (unpacking.unpacked === 0) break;
    unpacked += unpacking.unpacked;
  }
  return unpacked;
}

const READERS: ReadonlySet<string> = new Set(['SequenceAt', 'SequenceLength', 'ConcatFromSequence']);

function holdsReader(graph: Graph): boolean {
  return graph.nodes.some((node) => READERS.has(node.op) || node.subgraphs.some(holdsReader));
}

class Unpacking {
  unpacked = 0;
  readonly #items = new Map<Value, readonly Value[] | undefined>();

  constructor(
    readonly model: Model,
    readonly shapes: ShapeInfo,
  ) {}

  graph(graph: Graph): void {
    if (!holdsReader(graph)) return;
    for (const node of [...graph.nodes]) {
      for (const subgraph of node.subgraphs) this.graph(subgraph);
      if (READERS.has(node.op)) this.#read(node, graph);
    }
    graph.removeDead();
  }

  #read(node: Node, graph: Graph): void {
    const items = node.inputs[0] && this.#itemsOf(node.inputs[0]);
    if (!items) return;
    if (node.op === 'SequenceLength') become(node, 'Constant', [], { value: Tensor.int64([], [items.length]) });
    else if (node.op === 'ConcatFromSequence') this.#concatenate(node, items, graph);
    else {
      const position = this.#number(node.inputs[1]);
      const item = position === undefined ? undefined : items.at(position);
      if (!item) return;
      become(node, 'Identity', [item]);
      if (!graph.outputs.includes(node.outputs[0]!)) node.outputs[0]!.replaceAllUsesWith(item);
    }
    this.unpacked++;
  }

  #concatenate(node: Node, items: readonly Value[], graph: Graph): void {
    const axis = node.int('axis', 0);
    const name = `${node.outputs[0]!.name}_part`;
    const parts = node.int('new_axis', 0)
      ? items.map((item) => this.#withAxes('Unsqueeze', item, axis, name, graph, node))
      : items;
    become(node, 'Concat', parts, { axis });
  }

  /** The tensors of a sequence in order, or undefined where the model does not say which they are. */
  #itemsOf(sequence: Value): readonly Value[] | undefined {
    if (!this.#items.has(sequence)) this.#items.set(sequence, this.#madeBy(sequence.producer));
    return this.#items.get(sequence);
  }

  #madeBy(node: Node | undefined): readonly Value[] | undefined {
    switch (node?.op) {
      case 'SequenceEmpty':
        return [];
      case 'SequenceConstruct':
        return node.inputs.every((value) => value) ? (node.inputs as Value[]) : undefined;
      case 'Identity':
        return this.#itemsOf(node.inputs[0]!);
      case 'SequenceInsert':
        return this.#edited(node, 2, (items, at) => items.toSpliced(at ?? items.length, 0, node.inputs[1]!));
      case 'SequenceErase':
        return this.#edited(node, 1, (items, at) => items.toSpliced(at ?? -1, 1));
      case 'SplitToSequence':
        return this.#split(node);
      default:
        return undefined;
    }
  }

  /** A sequence from another one and a position, which may be left out. */
  #edited(
    node: Node,
    index: number,
    edit: (items: readonly Value[], at: number | undefined) => Value[],
  ): readonly Value[] | undefined {
    const items = this.#itemsOf(node.inputs[0]!);
    if (!items || !node.inputs[index]) return items && edit(items, undefined);
    const at = this.#number(node.inputs[index]);
    return at === undefined || at > items.length || at < -items.length ? undefined : edit(items, at);
  }

  #split(node: Node): readonly Value[] | undefined {
    const { graph } = node;
    const [x] = node.inputs;
    const sizes = this.#sizes(node);
    if (!graph || !x || !sizes || sizes.length === 0) return undefined;
    const axis = node.int('axis', 0);
    const name = node.outputs[0]!.name;
    const listed = this.model.opset < 13;
    const inputs = listed ? [x] : [x, graph.addInitializer(`${name}_sizes`, Tensor.int64([sizes.length], sizes))];
    const { outputs } = graph.addNode({
      op: 'Split',
      inputs,
      outputs: sizes.map((_, index) => `${name}_${index}`),
      attributes: { axis, ...(listed && { split: sizes }) },
      before: node,
    });
    // Only pieces of length 1 that no sizes are stated for lose their axis.
    const squeezed = !node.inputs[1] && node.int('keepdims', 1) === 0;
    return (outputs as Value[]).map((value) =>
      squeezed ? this.#withAxes('Squeeze', value, axis, `${value.name}_squeezed`, graph, node) : value,
    );
  }

  /** Lengths of the pieces: those stated, or of one length (1 if none is stated) but for the last. */
  #sizes(node: Node): number[] | undefined {
    const [x, split] = node.inputs;
    const content = split && this.shapes.content(split);
    const stated = content?.every((item) => typeof item === 'number') ? (content as number[]) : undefined;
    if (split && (!stated || this.shapes.shape(split)?.length !== 0)) return stated;
    const length = stated ? stated[0] : 1;
    const size = x && this.shapes.shape(x)?.at(node.int('axis', 0));
    if (typeof size !== 'number' || length < 1 || size > MOST_PIECES * length) return undefined;
    return Array.from({ length: Math.ceil(size / length) }, (_, i) => Math.min(length, size - i * length));
  }

  #withAxes(op: string, value: Value, axis: number, name: string, graph: Graph, before: Node): Value {
    const listed = this.model.opset < 13;
    const axes = listed ? [] : [graph.addInitializer(`${name}_axes`, Tensor.int64([1], [axis]))];
    const attributes: Record<string, AttributeInit> = listed ? { axes: [axis] } : {};
    return graph.addNode({ op, inputs: [value, ...axes], outputs: [name], attributes, before }).outputs[0]!;
  }

  #number(value: Value | undefined): number | undefined {
    const item = value && this.shapes.content(value)?.[0];
    return typeof item === 'number' ? item : undefined;
  }
}

/** A sequence of more tensors is no list of parts that anybody wrote down. */
const MOST_PIECES = 1024;

/** Makes a node another one that computes the same output. */
function become(
  node: Node,
  op: string,
  inputs: readonly Value[],
  attributes: Record<string, AttributeInit> = {},
): void {
  node.opType = op;
  node.attributes.clear();
  for (const [name, value] of Object.entries(attributes)) node.set(name, value);
  for (const [index, value] of inputs.entries()) node.setInput(index, value);
  node.truncateInputs(inputs.length);
}

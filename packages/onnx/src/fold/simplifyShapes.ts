import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { type Dim, dimsEqual } from '../shape/dim.js';
import { inferShapes, type ShapeInfo } from '../shape/inferShapes.js';
import { Tensor } from '../tensor/tensor.js';
import { constantTarget } from './reshapeTarget.js';

/**
 * Replaces, in place, the chains of Shape, Gather, Mul, Concat, Where and the like with which exporters compute sizes while
 * the model runs: targets of reshapes become constants (with 0 and -1), other shape vectors are put together straight from
 * the sizes of the model's inputs. Results do not change; what cannot be told stays as it is.
 */
export function simplifyShapes(model: Model, shapes: ShapeInfo = inferShapes(model)): void {
  const sizes = new InputSizes(model, shapes);
  for (const node of [...model.graph.nodes]) {
    if (node.op === 'Reshape') simplifyReshape(model.graph, node, shapes);
    else if (node.op === 'Expand') sizes.rebuild(node, 1);
    else if (node.op === 'ConstantOfShape') sizes.rebuild(node, 0);
  }
  model.graph.removeDead();
}

function simplifyReshape(graph: Graph, node: Node, shapes: ShapeInfo): void {
  const [data, target] = node.inputs;
  const input = data && shapes.shape(data);
  const output = node.outputs[0] && shapes.shape(node.outputs[0]);
  if (!target || target.tensor || !input || !output) return;
  const constant = constantTarget(input, output);
  if (!constant) return;
  node.attributes.delete('allowzero');
  node.setInput(1, graph.addInitializer(`${node.outputs[0]!.name}_shape`, Tensor.int64([constant.length], constant)));
}

/** Sizes of the model's inputs, computed once each and only if asked for. */
class InputSizes {
  readonly #made = new Map<string, Value>();
  readonly #graph: Graph;

  constructor(
    private readonly model: Model,
    private readonly shapes: ShapeInfo,
  ) {
    this.#graph = model.graph;
  }

  /** Replaces a computed shape vector by one made of constants and input sizes, if it is known to be just that. */
  rebuild(node: Node, index: number): void {
    const vector = node.inputs[index];
    const content = vector && this.shapes.content(vector);
    if (!vector?.producer || !content || content.length === 0 || this.#isSimple(vector.producer)) return;
    const sources = content.map((dim) => (typeof dim === 'number' ? dim : this.#find(dim)));
    if (sources.includes(undefined)) return;
    const first = this.#graph.nodes[0];
    const parts = joinNumbers(sources as (number | Source)[]).map((part) =>
      Array.isArray(part) ? this.#constant(part) : this.#size(part, first),
    );
    const joined =
      parts.length === 1
        ? parts[0]
        : this.#graph.addNode({
            op: 'Concat',
            inputs: parts,
            outputs: [`${node.outputs[0]!.name}_target`],
            attributes: { axis: 0 },
            before: node,
          }).outputs[0];
    node.setInput(index, joined);
  }

  #isSimple(producer: Node): boolean {
    const fromInput = (value: Value | undefined) =>
      value?.tensor !== undefined ||
      (value?.producer?.op === 'Shape' && this.#graph.inputs.includes(value.producer.inputs[0]!));
    return producer.op === 'Concat' && producer.inputs.every(fromInput);
  }

  #find(dim: Dim): Source | undefined {
    for (const input of this.#graph.inputs) {
      const axis = this.shapes.shape(input)?.findIndex((own) => dimsEqual(own, dim)) ?? -1;
      if (axis >= 0) return { input, axis };
    }
    return undefined;
  }

  #constant(numbers: number[]): Value {
    return this.#graph.addInitializer(`sizes_${numbers.join('_')}`, Tensor.int64([numbers.length], numbers));
  }

  /** `[size of the input's axis]`. */
  #size({ input, axis }: Source, before: Node): Value {
    const key = `${input.name}:${axis}`;
    const known = this.#made.get(key);
    if (known) return known;
    const name = `${input.name}_size_${axis}`;
    let size: Value;
    if (this.model.opset >= 15) {
      size = this.#graph.addNode({
        op: 'Shape',
        inputs: [input],
        outputs: [name],
        attributes: { start: axis, end: axis + 1 },
        before,
      }).outputs[0]!;
    } else {
      const [whole] = this.#graph.addNode({
        op: 'Shape',
        inputs: [input],
        outputs: [`${input.name}_shape`],
        before,
      }).outputs;
      const at = this.#graph.addInitializer(`axis_${axis}`, Tensor.int64([1], [axis]));
      size = this.#graph.addNode({
        op: 'Gather',
        inputs: [whole, at],
        outputs: [name],
        attributes: { axis: 0 },
        before,
      }).outputs[0]!;
    }
    this.#made.set(key, size);
    return size;
  }
}

interface Source {
  input: Value;
  axis: number;
}

/** Neighbouring numbers as one list. */
function joinNumbers(items: readonly (number | Source)[]): (number[] | Source)[] {
  const joined: (number[] | Source)[] = [];
  for (const item of items) {
    const last = joined[joined.length - 1];
    if (typeof item !== 'number') joined.push(item);
    else if (Array.isArray(last)) last.push(item);
    else joined.push([item]);
  }
  return joined;
}

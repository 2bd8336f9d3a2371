import type { Model, Node, Value } from '@snp/onnx';

/** What a change of some weights does up to the first place that all of it passes. */
export interface Reach {
  /** The nodes that the change runs through, in graph order. */
  nodes: readonly Node[];
  /** What these read that does not change. */
  frontier: readonly Value[];
  /** The value through which all of the change passes. */
  end: Value;
}

/**
 * Follows a change of `weights` to the first of `ends` that all of it passes: whatever is behind that value sees nothing else of it. Where that is a sum to which the change comes
 * by one operand, that operand. Undefined where the change reaches the model's answers another way, or graphs inside nodes.
 *
 * @param weights Values of the model.
 */
export function reachOf({ graph }: Model, weights: readonly Value[], ends: ReadonlySet<Value>): Reach | undefined {
  const touched = new Set(weights);
  const outputs = new Set(graph.outputs);
  let unread = new Set(weights.flatMap(({ consumers }) => consumers)).size;
  const changed = new Set<Value>(weights);
  /** Changed values, with how many of their readers come later. */
  const live = new Map<Value, number>();
  const nodes: Node[] = [];
  const frontier = new Set<Value>();
  for (const node of graph.nodes) {
    const own = node.inputs.filter((value) => value !== undefined);
    if (node.subgraphs.length > 0 && readsWithin(node, changed)) return undefined;
    if (!own.some((value) => changed.has(value))) continue;
    nodes.push(node);
    if (own.some((value) => touched.has(value))) unread--;
    for (const value of own) {
      if (!changed.has(value) && !value.tensor) frontier.add(value);
      const left = live.get(value);
      if (left === undefined) continue;
      if (left > 1 || outputs.has(value)) live.set(value, left - 1);
      else live.delete(value);
    }
    for (const value of node.outputs) {
      if (!value) continue;
      changed.add(value);
      if (value.uses.size > 0 || outputs.has(value)) live.set(value, value.uses.size);
    }
    const [end, ...others] = live.keys();
    if (unread === 0 && end && others.length === 0 && ends.has(end) && !outputs.has(end)) {
      return withoutSum({ nodes, frontier: [...frontier], end }, changed);
    }
  }
  return undefined;
}

/** Adding to what does not change is no change of the change. */
function withoutSum({ nodes, frontier, end }: Reach, changed: ReadonlySet<Value>): Reach {
  const sum = nodes[nodes.length - 1];
  const [operand, ...others] = sum.inputs.filter((value) => value && changed.has(value));
  if (sum.op !== 'Add' || sum.outputs[0] !== end || !operand?.producer || others.length > 0)
    return { nodes, frontier, end };
  const before = nodes.slice(0, -1);
  const read = new Set(before.flatMap(({ inputs }) => inputs));
  return { nodes: before, frontier: frontier.filter((value) => read.has(value)), end: operand };
}

function readsWithin(node: Node, values: ReadonlySet<Value>): boolean {
  return node.subgraphs.some((graph) =>
    graph.nodes.some((inner) => inner.inputs.some((value) => value && values.has(value)) || readsWithin(inner, values)),
  );
}

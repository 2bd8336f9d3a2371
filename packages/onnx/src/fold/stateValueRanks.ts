import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import { inferShapes } from '../shape/inferShapes.js';

/** Attentions of grouped queries, whose queries may hold keys and values too. */
const GROUPED: ReadonlySet<string> = new Set(['com.microsoft.GroupQueryAttention', 'com.microsoft.SparseAttention']);

/** Which input holds the values, and how many axes they have. */
const VALUES = { input: 2, rank: 3 } as const;

/**
 * States, in place, how many axes the values of attentions with grouped queries have. onnxruntime takes queries for ones that hold keys and values too where it knows
 * the shape of the queries and none of the values (they come from a Loop, or from an operator that is a function to it, as GroupNormalization), and then finds the
 * widths of a right model wrong. What makes shapes of queries known has to be followed by this. Results do not change.
 */
export function stateValueRanks(model: Model): void {
  const nodes = groupedIn(model.graph);
  if (nodes.length === 0) return;
  const shapes = inferShapes(model);
  for (const { inputs } of nodes) {
    const values = inputs[VALUES.input]!;
    const elementType = shapes.elementType(values);
    if (elementType) values.type = { elementType, shape: new Array(VALUES.rank).fill(undefined) };
  }
}

/** Those with values of which the model states no shape, in bodies too. */
function groupedIn(graph: Graph): Node[] {
  return graph.nodes.flatMap((node) => {
    const values = GROUPED.has(node.op) ? node.inputs[VALUES.input] : undefined;
    return [...(values && !values.type?.shape ? [node] : []), ...node.subgraphs.flatMap(groupedIn)];
  });
}

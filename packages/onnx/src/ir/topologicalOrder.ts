import type { Graph } from './graph.js';
import type { Node } from './node.js';

/**
 * The nodes of a graph with every producer in front of its readers. The specification asks for this order in the file,
 * yet runtimes accept others and such files exist. A graph already in order comes back in the same order; nodes on a
 * cycle, which no valid graph has, come in file order.
 */
export function topologicalOrder(graph: Graph): Node[] {
  const order: Node[] = [];
  const entered = new Set<Node>();
  for (const root of graph.nodes) {
    if (entered.has(root)) continue;
    entered.add(root);
    const stack = [{ node: root, needs: producersOf(root, graph), next: 0 }];
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const need = top.needs[top.next++];
      if (need && !entered.has(need)) {
        entered.add(need);
        stack.push({ node: need, needs: producersOf(need, graph), next: 0 });
      } else if (!need) {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}

/** The nodes of `graph` that `node` reads from, by its inputs or inside its subgraphs. */
function producersOf(node: Node, graph: Graph): Node[] {
  const producers: Node[] = [];
  for (const value of node.inputs) if (value?.producer?.graph === graph) producers.push(value.producer);
  for (const subgraph of node.subgraphs) {
    for (const inner of subgraph.nodes) for (const node of producersOf(inner, graph)) producers.push(node);
    for (const value of subgraph.outputs) if (value.producer?.graph === graph) producers.push(value.producer);
  }
  return producers;
}

import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import { copyType, type Value } from '../ir/value.js';
import { constantBehind } from '../shape/constantBehind.js';
import { overridable } from '../shape/inferShapes.js';

/**
 * Puts the nodes of a branch in the place of an `If` whose condition is constant, in place, in bodies too. Results do not change. Fold constants before: a condition
 * often follows from shapes. An `If` whose branch holds a loop, or an `If` that stays, stays too.
 *
 * @returns how many were replaced
 * @example if (takeConstantBranches(model) > 0) foldConstants(model);
 */
export function takeConstantBranches(model: Model): number {
  return takenIn(model.graph, new Set(overridable(model)));
}

function takenIn(graph: Graph, replaceable: ReadonlySet<Value>): number {
  let taken = 0;
  for (const node of [...graph.nodes]) {
    for (const inner of node.subgraphs) taken += takenIn(inner, replaceable);
    const branch = constantBranch(node, replaceable);
    if (!branch || branch.nodes.some(({ subgraphs }) => subgraphs.length > 0)) continue;
    takeIn(branch, node, graph);
    taken++;
  }
  return taken;
}

/** The branch that an `If` takes every time, whatever constants the caller of the model replaces. */
function constantBranch(node: Node, replaceable: ReadonlySet<Value>): Graph | undefined {
  const [given] = node.inputs;
  if (node.op !== 'If' || !given || replaceable.has(given)) return undefined;
  const condition = constantBehind(given);
  if (condition?.size !== 1) return undefined;
  const branch = node.attributes.get(condition.bytes()[0] === 0 ? 'else_branch' : 'then_branch');
  return branch?.type === 'GRAPH' ? branch.value : undefined;
}

function takeIn(branch: Graph, node: Node, graph: Graph): void {
  // Other branches may use the same names.
  for (const value of [...branch.values.values()]) {
    value.name = graph.uniqueName(value.name);
    graph.values.set(value.name, value);
  }
  branch.values.clear();
  for (const inner of branch.nodes.splice(0)) graph.insert(inner, node);
  for (const [at, output] of node.outputs.entries()) if (output) handOn(branch.outputs[at], output, node, graph);
  graph.removeNodes([node]);
}

/** Lets a value of the branch stand for an output of the `If`; an output of the graph keeps its name. */
function handOn(from: Value, output: Value, node: Node, graph: Graph): void {
  from.type ??= copyType(output.type);
  output.replaceAllUsesWith(from);
  if (!graph.outputs.includes(output)) return;
  node.outputs[node.outputs.indexOf(output)] = undefined;
  graph.addNode({ op: 'Identity', inputs: [from], outputs: [output], before: node });
}

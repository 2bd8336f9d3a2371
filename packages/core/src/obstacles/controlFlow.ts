import { bodiesOf, nodesWithin } from '@snp/graph';
import { type Model, type Node, parameterCount, type Value } from '@snp/onnx';
import { percent } from '@snp/pages';
import type { Obstacle } from './obstacle.js';

/** Whether weights lie in branches of If or bodies of Loop and Scan, where nothing is followed. */
export function controlFlow({ graph }: Model): Obstacle | undefined {
  const inside = graph.nodes.flatMap((node) => {
    const weights = weightsOf(bodiesOf(node).flatMap((body) => [...nodesWithin(body.graph)]));
    return weights.length > 0 ? [{ node, weights }] : [];
  });
  if (inside.length === 0) return undefined;
  const [{ node: first }] = inside;
  const own = sizeOf(inside.flatMap(({ weights }) => weights));
  const share = percent(own, sizeOf([...inside.flatMap(({ weights }) => weights), ...weightsOf(graph.nodes)]));
  const bodies = bodiesOf(first).map(({ name }) => name);
  const more = inside.length > 1 ? ` (one of ${inside.length} such nodes)` : '';
  const message = `Nothing is followed into branches and bodies of loops: ${share} of the parameters are read in ${bodies.join(' and ')} of ${first.label}${more}, and keep their widths. To prune these too, prune what a body computes as a model of its own before it becomes part of this one.`;
  return { kind: 'control-flow', message, nodes: inside.map(({ node }) => node.label) };
}

/** Weights that nodes read, and how many parameters each holds. */
function weightsOf(nodes: readonly Node[]): (readonly [Value, number])[] {
  return nodes.flatMap((node) =>
    node.inputs.flatMap((value, index) => {
      const count = parameterCount(node, index);
      return count > 0 ? [[value!, count] as const] : [];
    }),
  );
}

function sizeOf(weights: readonly (readonly [Value, number])[]): number {
  return [...new Map(weights).values()].reduce((sum, count) => sum + count, 0);
}

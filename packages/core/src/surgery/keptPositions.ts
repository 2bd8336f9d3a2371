import type { Layout } from '@snp/graph';
import { type Graph, type Node, Tensor, type Use, type Value } from '@snp/onnx';
import type { Shrinkage } from './shrinkage.js';

/** Positions that stay, for the axes of a value that lose some. */
export type Kept = ReadonlyMap<number, readonly number[]>;

/** The positions of a value that stay for whoever reads it with this layout. */
export function keptPositions(layout: Layout | undefined, shrinkage: Shrinkage, what: string): Kept {
  const kept = new Map<number, number[]>();
  layout?.axes.forEach((factors, axis) => {
    const size = factors.reduce((product, factor) => product * (factor.size as number), 1);
    const positions = factors.length > 0 ? shrinkage.keptAlong(layout, axis, what) : [];
    if (positions.length > 0 && positions.length < size) kept.set(axis, positions);
  });
  return kept;
}

/** Places that read a value by the positions that they need. */
export function usesByKept<U extends Use>(uses: Iterable<U>, keptAt: (use: U) => Kept): { kept: Kept; uses: U[] }[] {
  const variants = new Map<string, { kept: Kept; uses: U[] }>();
  for (const use of uses) {
    const kept = keptAt(use);
    const key = [...kept].map(([axis, positions]) => `${axis}:${positions.join()}`).join(';');
    const variant = variants.get(key);
    if (variant) variant.uses.push(use);
    else variants.set(key, { kept, uses: [use] });
  }
  return [...variants.values()];
}

/** What some readers need of a value, picked while the model runs. */
export function pick(graph: Graph, value: Value, kept: Kept, uses: readonly Use[]): Value {
  const before = firstOf(graph, uses);
  return [...kept].reduce((whole, [axis, positions]) => {
    const indices = graph.addInitializer(`${value.name}_kept`, Tensor.int64([positions.length], [...positions]));
    const inputs = [whole, indices];
    return graph.addNode({ op: 'Gather', inputs, outputs: [`${value.name}_picked`], attributes: { axis }, before })
      .outputs[0]!;
  }, value);
}

function firstOf({ nodes }: Graph, uses: readonly Use[]): Node {
  const readers = new Set(uses.map(({ node }) => node));
  return nodes.find((node) => readers.has(node))!;
}

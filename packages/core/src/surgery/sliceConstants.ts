import type { Propagation } from '@snp/graph';
import type { Graph, Tensor, Use, Value } from '@snp/onnx';
import type { Shrinkage } from './shrinkage.js';

/** Cuts every weight down to the positions that stay; a constant whose readers keep different positions gets copies. */
export function sliceConstants(graph: Graph, walk: Propagation, shrinkage: Shrinkage): void {
  for (const value of graph.initializers) {
    const variants = new Map<string, { uses: Use[]; kept: Map<number, number[]> }>();
    for (const use of value.uses) {
      const kept = keptOf(use, walk, shrinkage);
      const key = [...kept].map(([axis, positions]) => `${axis}:${positions.join()}`).join(';');
      const variant = variants.get(key);
      if (variant) variant.uses.push(use);
      else variants.set(key, { uses: [use], kept });
    }
    const whole = value.tensor!;
    let original = true;
    for (const { uses, kept } of variants.values()) {
      const tensor = takeAll(whole, kept);
      if (original) replaceTensor(value, tensor);
      else {
        const copy = graph.addInitializer(value.name, tensor);
        for (const { node, index } of uses) node.setInput(index, copy);
      }
      original = false;
    }
  }
}

/** The positions that stay, for the axes of a constant that lose some. */
function keptOf({ node, index }: Use, walk: Propagation, shrinkage: Shrinkage): Map<number, number[]> {
  const kept = new Map<number, number[]>();
  const layout = walk.constantLayout(node, index);
  layout?.axes.forEach((factors, axis) => {
    const positions = factors.length > 0 ? shrinkage.keptAlong(layout, axis, node.label) : [];
    if (positions.length > 0 && positions.length < (factors[0].size as number)) kept.set(axis, positions);
  });
  return kept;
}

function takeAll(tensor: Tensor, kept: ReadonlyMap<number, number[]>): Tensor {
  return [...kept].reduce((rest, [axis, positions]) => rest.take(axis, positions), tensor);
}

function replaceTensor(value: Value, tensor: Tensor): void {
  if (tensor === value.tensor) return; // untouched bytes stay untouched
  value.tensor = tensor;
  value.type = { elementType: tensor.dataType, shape: [...tensor.dims] };
}

import type { Propagation } from '@snp/graph';
import type { Graph, Tensor, Use, Value } from '@snp/onnx';
import { type Kept, keptPositions, pick, usesByKept } from './keptPositions.js';
import type { Shrinkage } from './shrinkage.js';

/**
 * Cuts every weight down to the positions that stay. Where readers of a constant keep different positions, a vector gets copies, and what is larger stays whole:
 * its readers pick what they need.
 */
export function sliceConstants(graph: Graph, walk: Propagation, shrinkage: Shrinkage): void {
  for (const value of [...graph.initializers]) {
    const variants = usesByKept(value.uses, ({ node, index }) =>
      keptPositions(walk.constantLayout(node, index), shrinkage, node.label),
    );
    const whole = value.tensor!;
    const picks = variants.length > 1 && whole.dims.filter((dim) => dim > 1).length > 1;
    for (const [at, { uses, kept }] of variants.entries()) {
      if (picks) readInstead(uses, pick(graph, value, kept, uses));
      else if (at === 0) replaceTensor(value, takeAll(whole, kept));
      else readInstead(uses, graph.addInitializer(value.name, takeAll(whole, kept)));
    }
  }
}

function readInstead(uses: readonly Use[], value: Value): void {
  for (const { node, index } of uses) node.setInput(index, value);
}

function takeAll(tensor: Tensor, kept: Kept): Tensor {
  return [...kept].reduce((rest, [axis, positions]) => rest.take(axis, positions), tensor);
}

function replaceTensor(value: Value, tensor: Tensor): void {
  if (tensor === value.tensor) return; // untouched bytes stay untouched
  value.tensor = tensor;
  value.type = { elementType: tensor.dataType, shape: [...tensor.dims] };
}

import {
  cloneModel,
  countAxesFromEnd,
  inferShapes,
  inlineFunctions,
  type Model,
  type Node,
  Tensor,
  type Value,
} from '@snp/onnx';
import type { RemovedSlice } from '../plan/removedSlices.js';
import { GoneValues } from './gone/goneValues.js';
import { keptPart } from './gone/kept.js';
import { DIVISIONS, maskDivisor } from './maskDivisor.js';
import { maskNorm } from './maskNorm.js';
import { maskNormTakenApart } from './maskNormTakenApart.js';
import { NORMS } from './normInputs.js';
import { normsTakenApart } from './normsTakenApart.js';
import { RemovedPositions } from './removedPositions.js';

/**
 * The original model with the removed slices set to zero and every norm over removed channels taken over what stays: what a
 * rightly pruned model must equal. Knows nothing of groups, plans or surgery; it reads off the list of slices alone. Norms are known by their operators, and
 * by what they compute where exporters take them apart; any other sum or mean over removed channels counts their zeros.
 */
export function maskedModel(original: Model, removed: readonly RemovedSlice[]): Model {
  const model = cloneModel(original);
  // Norms that are functions of the model are seen only so.
  inlineFunctions(model);
  countAxesFromEnd(model);
  const positions = zeroSlices(model, removed);
  const shapes = inferShapes(model);
  const apart = normsTakenApart(model);
  const done = new Set<Node>();
  const gone = new GoneValues(model.graph, shapes, positions, new Set(apart.flatMap(({ differences }) => differences)));
  // All is told before anything is changed.
  const spread = apart.map((norm) => ({ norm, kept: keptPart(gone.told(norm.squares.inputs[0])) }));
  const whole = model.graph.nodes
    .filter(({ op }) => op in NORMS)
    .map((node) => ({ node, kept: keptPart(gone.normed(node, NORMS[node.op])) }));
  const divisions = model.graph.nodes
    .filter(({ op }) => DIVISIONS.has(op))
    .map((node) => ({ node, kept: keptPart(gone.told(node.inputs[1])) }));
  for (const { node, kept } of divisions) if (kept) maskDivisor(model, shapes, node, kept);
  for (const { norm, kept } of spread) if (kept) maskNormTakenApart(model, shapes, norm, kept, done);
  for (const { node, kept } of whole) if (kept) maskNorm(model, shapes, node, NORMS[node.op], kept);
  return model;
}

/** Sets slices to zero. */
function zeroSlices(model: Model, removed: readonly RemovedSlice[]): RemovedPositions {
  const positions = new RemovedPositions();
  const copies = new Map<string, Value[]>();
  for (const { initializer, axis, indices, readers } of removed) {
    if (indices.length === 0) continue;
    const whole = model.graph.value(initializer);
    // What a part of the readers lost before lies in copies.
    for (const value of [whole, ...(copies.get(initializer) ?? [])]) {
      const uses = [...value.uses].filter((use) => !readers || readers.includes(use.node.label));
      let own = value;
      if (uses.length < value.uses.size) {
        if (uses.length === 0) continue;
        own = model.graph.addInitializer(initializer, value.tensor!);
        for (const { node, index } of uses) node.setInput(index, own);
        positions.copy(value, own);
        copies.set(initializer, [...(copies.get(initializer) ?? []), own]);
      }
      own.tensor = withZeros(own.tensor!, axis, indices);
      positions.add(own, axis, indices);
    }
  }
  return positions;
}

function withZeros(tensor: Tensor, axis: number, indices: readonly number[]): Tensor {
  const bytes = new Uint8Array(tensor.bytes());
  const inner = (bytes.length / tensor.size) * tensor.dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const stride = inner * tensor.dims[axis];
  for (let block = 0; block < bytes.length; block += stride) {
    for (const index of indices) {
      const end = block + (index + 1) * inner;
      // Runs of a few bytes, most of the time: a call for each costs more than they do.
      for (let at = end - inner; at < end; at++) bytes[at] = 0;
    }
  }
  return new Tensor(tensor.dataType, tensor.dims, bytes);
}

import { type Analysis, type Propagation, ruleFor } from '@snp/graph';
import {
  type Dim,
  dimsEqual,
  formatDim,
  inferShapes,
  type Model,
  SnpError,
  stateValueRanks,
  Tensor,
  type Value,
} from '@snp/onnx';
import { pickFromTables } from './pickFromTables.js';
import { Resizer } from './resizer.js';
import { separateProjections } from './separate.js';
import { Shrinkage } from './shrinkage.js';
import { sliceConstants } from './sliceConstants.js';

/**
 * Cuts an analysed model down in place: constants lose the positions whose labels leave, sizes that nodes state follow, readers of shared tables pick what they
 * need of them, and fused projections are taken apart where their parts end up with different widths.
 *
 * @throws SnpError `unsupported` if what would be left has no rectangular form, or not the shapes that it should have.
 */
export function cut({ model, walk }: Pick<Analysis, 'model' | 'walk'>, leaves: (label: number) => boolean): void {
  const shrinkage = new Shrinkage(walk, leaves);
  pickFromTables(model.graph, walk, shrinkage);
  separateProjections(model, walk, (layout) => shrinkage.isRagged(layout));
  // Values without a shape, as sequences, hold nothing that leaves.
  const fed = model.graph.inputs.filter(({ tensor }) => !tensor);
  const known = [...fed, ...computedValues(model)].filter(
    (value) => walk.layouts.has(value) || walk.shapes.shape(value),
  );
  const shapes = new Map(known.map((value) => [value, shrinkage.newShape(value)]));
  resizeNodes(model, walk, shrinkage);
  restateCounts(model, walk, shrinkage);
  sliceConstants(model.graph, walk, shrinkage);
  model.graph.removeDead();
  restateShapes(shapes);
  // Projections that were taken apart have outputs that nothing is stated of.
  stateValueRanks(model);
  checkShapes(model, shapes);
}

function computedValues(model: Model): Value[] {
  return model.graph.nodes.flatMap((node) => node.outputs.filter((value) => value !== undefined));
}

function resizeNodes(model: Model, walk: Propagation, shrinkage: Shrinkage): void {
  const resizer = new Resizer(model, walk, shrinkage);
  for (const node of [...model.graph.nodes]) ruleFor(node.op)?.resize?.(node, resizer);
}

/** Constants that hold how many positions a norm runs over follow the width. */
function restateCounts({ graph }: Model, { counts }: Propagation, shrinkage: Shrinkage): void {
  for (const { node, index, of, layout, axes } of counts) {
    const constant = node.inputs[index];
    const shape = shrinkage.shapeOf(layout, node.label);
    const count = axes.reduce((product, axis) => product * Number(shape[axis]), 1);
    if (!constant?.tensor || !Number.isFinite(count)) continue;
    const { dataType, dims } = constant.tensor;
    const follows = Tensor.fromNumbers(dataType, dims, [of(count)]);
    if (follows.numbers()[0] !== constant.tensor.numbers()[0])
      node.setInput(index, graph.addInitializer(constant.name, follows));
  }
}

/** Types that the file states for intermediate values follow the new widths. */
function restateShapes(shapes: ReadonlyMap<Value, readonly Dim[]>): void {
  for (const [value, shape] of shapes) {
    if (!value.type?.shape) continue;
    value.type = {
      ...value.type,
      shape: value.type.shape.map((dim, axis) => (typeof shape[axis] === 'number' ? shape[axis] : dim)),
    };
  }
}

/** Infers the shapes of the result afresh and holds them against what surgery meant to make. */
function checkShapes(model: Model, expected: ReadonlyMap<Value, readonly Dim[]>): void {
  const inferred = inferShapes(model);
  for (const value of computedValues(model)) {
    const want = expected.get(value);
    const got = inferred.shape(value);
    if (!want || !got) continue;
    const same =
      want.length === got.length &&
      want.every((dim, axis) => typeof dim !== 'number' || typeof got[axis] !== 'number' || dimsEqual(dim, got[axis]));
    if (!same) {
      throw new SnpError(
        'unsupported',
        `Under this plan '${value.name}' would have the shape [${got.map(formatDim)}] where [${want.map(formatDim)}] is needed; nothing was changed. Leave the groups that run through ${value.producer?.label} alone ('snp inspect --explain' with the name of the node tells them): take them out of the plan, or give them a ratio of 0.`,
        { value: value.name, node: value.producer?.label ?? value.name },
      );
    }
  }
}

import type { Node } from '@snp/onnx';
import type { Role } from '../labels/labelStore.js';
import { fieldsOn, type Layout, plainLayout } from '../layout/layout.js';
import type { Propagation } from '../walk/propagation.js';
import { combine, type Operand } from './combine.js';
import { affine, normalise, requireStoredScale } from './normalization.js';
import type { OperatorRule } from './rule.js';

/** onnxruntime's sum of a residual stream and a branch with the norm behind it. */
export const skipLayerNormRule: OperatorRule = {
  // The outputs between are statistics of what is normalised.
  operators: {
    'com.microsoft.SkipLayerNormalization': { inputs: 5, outputs: [0, 3], attributes: { epsilon: 'any' } },
    'com.microsoft.SkipSimplifiedLayerNormalization': { inputs: 4, outputs: [0, 3], attributes: { epsilon: 'any' } },
  },
  summary: 'as Add and LayerNormalization, with the sum as fourth output',
  propagate(node, walk) {
    const simplified = node.opType === 'SkipSimplifiedLayerNormalization';
    const [shifts, bias] = simplified ? [[], 3] : [[3], 4];
    const sum = addUp(node, walk, [0, 1, bias]);
    normaliseSum(node, walk, sum, [2, ...shifts]);
    walk.setOutput(node, 3, sum);
  },
};

/** onnxruntime's sum of word, position and segment embeddings with the norm behind it. */
export const embedLayerNormRule: OperatorRule = {
  operators: {
    'com.microsoft.EmbedLayerNormalization': {
      inputs: 9,
      outputs: 'all',
      attributes: { epsilon: 'any', mask_index_type: 'any' },
    },
  },
  summary: 'as Gather, Add and LayerNormalization: rows of the tables are fixed, columns travel on',
  propagate(node, walk) {
    const tables = [2, 3, 4].filter((index) => node.inputs[index]);
    const shape = walk.shape(node.outputs[0]);
    const rows = shape && plainLayout(shape.slice(0, 2));
    const operands = tables.flatMap((index): Operand[] => {
      const table = walk.input(node, index, ['elementwise', 'output'] satisfies Role[]);
      if (!table || !rows) return [];
      walk.freezeAll(
        fieldsOn(table, table.axes[0]),
        node,
        'looks up rows while the model runs, so every row may be needed',
      );
      const layout = { axes: [...rows.axes, table.axes[1]], fields: fieldsOn(table, table.axes[1]) };
      return [{ layout, activation: true }];
    });
    const sum = operands.length === tables.length ? combine(node, walk, operands, 'all', true) : undefined;
    if (!sum) for (const index of tables) walk.freezeInput(node, index, 'looks up embeddings of unknown shape');
    normaliseSum(node, walk, sum, [5, 6]);
    walk.setOutput(node, 2, sum);
  },
};

function addUp(node: Node, walk: Propagation, inputs: readonly number[]): Layout | undefined {
  const present = inputs.filter((index) => node.inputs[index]);
  const operands = present.flatMap((index): Operand[] => {
    const layout = walk.input(node, index);
    return layout ? [{ layout, activation: walk.isActivation(node, index) }] : [];
  });
  if (operands.length === present.length) return combine(node, walk, operands, 'all', true);
  for (const index of present) walk.freezeInput(node, index, 'meets a value of unknown shape');
  return undefined;
}

/** Sets the first outputs: the norm of the sum over its last axis, and statistics that bear no labels. */
function normaliseSum(node: Node, walk: Propagation, sum: Layout | undefined, parameters: readonly number[]): void {
  for (const output of [1, 2]) walk.setOutput(node, output);
  if (!sum) {
    for (const index of parameters) walk.freezeInput(node, index, 'normalises values of unknown shape');
    return walk.setOutput(node, 0);
  }
  const axes = [sum.axes.length - 1];
  normalise(node, walk, sum, axes);
  requireStoredScale(node, walk, sum, parameters[0], axes);
  walk.setOutput(
    node,
    0,
    affine(node, walk, sum, parameters, (layout) => layout),
  );
}

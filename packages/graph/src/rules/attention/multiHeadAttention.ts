import type { Node } from '@snp/onnx';
import type { Layout } from '../../layout/layout.js';
import type { Propagation } from '../../walk/propagation.js';
import { combine } from '../combine.js';
import type { OperatorRule } from '../rule.js';
import { selectPositions } from '../select.js';
import { attend, refuse } from './attend.js';
import { coupleNeurons } from './neurons.js';
import { perHead } from './perHead.js';
import { keepScale, stateHeads } from './resize.js';

/** onnxruntime's attention over queries, keys and values of [batch, tokens, heads x neurons], with an optional bias for all three. */
export const multiHeadAttentionRule: OperatorRule = {
  operators: {
    'com.microsoft.MultiHeadAttention': {
      inputs: 10,
      outputs: 'all',
      attributes: { mask_filter_value: 'any', num_heads: 'any', scale: 'any', unidirectional: 'any' },
    },
  },
  summary:
    'queries and keys are coupled neuron by neuron, with those of the past; values travel on, or go with keys where both come per head or from the past; the bias is theirs; frozen with packed operands',
  propagate(node, walk) {
    const ranks = [0, 1, 2].map((index) => walk.shape(node.inputs[index])?.length);
    if (!node.inputs[1] || !node.inputs[2] || ranks.includes(5))
      return refuse(node, walk, [0, 1, 2, 3], 'packs queries, keys and values, which keeps them of one width');
    if (node.inputs[8] || node.inputs[9])
      return refuse(node, walk, [0, 1, 2, 3], 'keeps past keys and values in a buffer of its own form');
    const layouts = biased(node, walk).map((layout) => perHead(layout, node.int('num_heads', 1)));
    const past = node.inputs[6] && node.inputs[7] ? ([6, 7] as const) : undefined;
    // onnxruntime holds both widths against that of a query head.
    if (past || ranks[1] === 4) coupleNeurons(node, walk, layouts.slice(1));
    attend(node, walk, { operands: [0, 1, 2], layouts, merged: true, added: [5], past, present: [1, 2], scores: 3 });
    if (!walk.layouts.get(node.outputs[0]!)) refuse(node, walk, [3], 'attends to values of unknown shape');
  },
  resize(node, resizing) {
    keepScale(node, resizing, node.int('num_heads', 1));
    stateHeads(node, resizing, 'num_heads', 0);
  },
};

/** Queries, keys and values with their parts of the bias; keys and values that come per head have none. */
function biased(node: Node, walk: Propagation): (Layout | undefined)[] {
  const bias = node.inputs[3] && walk.input(node, 3);
  let start = 0;
  return [0, 1, 2].map((index) => {
    const layout = walk.input(node, index);
    const width = walk.shape(node.inputs[index])?.at(-1);
    if (!layout || !bias || layout.axes.length === 4) return layout;
    if (typeof width !== 'number') return undefined;
    const from = start;
    start += width;
    const own = selectPositions(
      bias,
      0,
      Array.from({ length: width }, (_, at) => from + at),
    );
    if (!own) return undefined;
    const operands = [
      { layout, activation: walk.isActivation(node, index) },
      { layout: own, activation: walk.isActivation(node, 3) },
    ];
    return combine(node, walk, operands, 'all');
  });
}

import { dimsEqual, type Node } from '@snp/onnx';
import type { Layout } from '../layout/layout.js';
import type { Propagation } from '../propagate/propagation.js';
import { contract } from './contraction.js';
import type { OperatorRule } from './rule.js';
import { reshapeLayout } from './shape.js';

/** The attention operator of opset 23, in its form [batch, heads, tokens, neurons] and in [batch, tokens, heads x neurons]. */
export const attentionRule: OperatorRule = {
  operators: ['Attention'],
  summary: 'queries and keys are coupled neuron by neuron; values travel on; the scale stays that of the full width',
  propagate(node, walk) {
    const operands = [0, 1, 2].map((index) => perHead(node, walk, index));
    const [q, k, v] = operands;
    const output = walk.shape(node.outputs[0]);
    const heads = q && k && dimsEqual(sizeOfHeads(q), sizeOfHeads(k));
    const plain = [4, 5].every((index) => !node.inputs[index]) && node.outputs.slice(1).every((extra) => !extra);
    if (!q || !k || !v || !output || !heads || !plain) {
      const reason = heads === false ? 'shares key heads between query heads' : 'keeps past keys and values';
      for (const index of [0, 1, 2])
        walk.freezeInput(node, index, q && k && v && output ? reason : 'attends to values of unknown shape');
      node.outputs.forEach((_, index) => {
        walk.setOutput(node, index);
      });
      return;
    }
    const scores = contract(node, walk, {
      operands: [0, 1],
      layouts: [q, k],
      summed: [3, 3],
      shared: [
        [0, 0],
        [1, 1],
      ],
      output: [{ shared: 0 }, { shared: 1 }, { operand: 0, axis: 2 }, { operand: 1, axis: 2 }],
    });
    const mixed =
      scores &&
      contract(node, walk, {
        operands: [0, 2],
        layouts: [scores, v],
        summed: [3, 2],
        shared: [
          [0, 0],
          [1, 1],
        ],
        output: [{ shared: 0 }, { shared: 1 }, { operand: 0, axis: 2 }, { operand: 1, axis: 3 }],
      });
    if (!mixed || output.length === 4) return walk.setOutput(node, 0, mixed);
    const merged = { axes: [mixed.axes[0], mixed.axes[2], [...mixed.axes[1], ...mixed.axes[3]]], fields: mixed.fields };
    walk.setOutput(node, 0, merged);
  },
  resize(node, resizing) {
    if (node.attributes.has('scale')) return;
    const shape = resizing.oldShape(node.inputs[0]!);
    const width = shape[shape.length - 1];
    const heads = shape.length === 4 ? 1 : node.int('q_num_heads', 1);
    if (typeof width === 'number' && !dimsEqual(width, resizing.newShape(node.inputs[0]!)[shape.length - 1])) {
      node.set('scale', { float: 1 / Math.sqrt(width / heads) });
    }
  },
};

/** An operand as [batch, heads, tokens, neurons]. */
function perHead(node: Node, walk: Propagation, index: number): Layout | undefined {
  const layout = walk.input(node, index);
  const shape = walk.shape(node.inputs[index]);
  if (!layout || !shape || shape.length === 4) return layout;
  const heads = node.int(index === 0 ? 'q_num_heads' : 'kv_num_heads', 1);
  const width = shape[2];
  if (typeof width !== 'number' || width % heads !== 0) return undefined;
  const split = reshapeLayout(layout, [shape[0], shape[1], heads, width / heads]);
  return split && { axes: [0, 2, 1, 3].map((axis) => split.axes[axis]), fields: split.fields };
}

function sizeOfHeads(layout: Layout) {
  return layout.axes[1].length === 1 ? layout.axes[1][0].size : 1;
}

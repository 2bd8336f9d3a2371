import type { OperatorRule } from '../rule.js';
import { attend } from './attend.js';
import { perHead } from './perHead.js';
import { keepScale, stateHeads } from './resize.js';

/** The attention operator of opset 23, in its form [batch, heads, tokens, neurons] and in [batch, tokens, heads x neurons]. */
export const attentionRule: OperatorRule = {
  operators: {
    Attention: {
      inputs: 7,
      outputs: 'all',
      attributes: {
        is_causal: 'any',
        kv_num_heads: 'any',
        q_num_heads: 'any',
        // Scores as an output are those of fewer neurons, which is what they should be.
        qk_matmul_output_mode: 'any',
        scale: 'any',
        softcap: 'any',
        softmax_precision: 'any',
      },
    },
  },
  summary:
    'queries and keys are coupled neuron by neuron, with those of the past; values travel on; keys may serve several queries; the scale stays that of the full width',
  propagate(node, walk) {
    const heads = (index: number) => node.int(index === 0 ? 'q_num_heads' : 'kv_num_heads', 1);
    attend(node, walk, {
      operands: [0, 1, 2],
      layouts: [0, 1, 2].map((index) => perHead(walk.input(node, index), heads(index))),
      merged: walk.shape(node.inputs[0])?.length === 3,
      added: [3],
      past: node.inputs[4] && node.inputs[5] ? [4, 5] : undefined,
      present: [1, 2],
      scores: 3,
    });
  },
  resize(node, resizing) {
    const merged = resizing.oldShape(node.inputs[0]!).length === 3;
    const [queries, keys] = [node.int('q_num_heads', 1), node.int('kv_num_heads', 1)];
    keepScale(node, resizing, merged ? queries : 1);
    if (!merged) return;
    stateHeads(node, resizing, 'q_num_heads', 0);
    stateHeads(node, resizing, 'kv_num_heads', 0, keys / queries);
  },
};

import type { Node } from '@snp/onnx';
import type { Layout } from '../../layout/layout.js';
import type { Propagation } from '../../walk/propagation.js';
import { COMPUTED } from '../contraction.js';
import type { OperatorRule } from '../rule.js';
import { selectPositions } from '../select.js';
import { attend, refuse } from './attend.js';
import { coupleNeurons, joinNeurons, keepNeurons } from './neurons.js';
import { perHead } from './perHead.js';
import { keepScale, stateHeads } from './resize.js';

/** onnxruntime's attention whose keys and values serve several queries each, over [batch, tokens, heads x neurons]. */
export const groupQueryAttentionRule: OperatorRule = {
  operators: {
    'com.microsoft.GroupQueryAttention': {
      inputs: 14,
      outputs: 'all',
      attributes: {
        do_rotary: 'any',
        k_quant_type: 'any',
        kv_cache_bit_width: 'any',
        kv_num_heads: 'any',
        local_window_size: 'any',
        num_heads: 'any',
        qk_output: 'any',
        rotary_interleaved: 'any',
        scale: 'any',
        smooth_softmax: 'any',
        softcap: 'any',
        v_quant_type: 'any',
      },
    },
  },
  summary:
    'queries, keys and values are coupled neuron by neuron, eight neighbours at a time, with those of the past; with rotary embedding neurons stay and heads may leave; frozen with quantised keys and values',
  propagate(node, walk) {
    const operands: readonly [number, number, number] = node.inputs[1] ? [0, 1, 2] : [COMPUTED, COMPUTED, COMPUTED];
    if (isQuantised(node))
      return refuse(node, walk, [0, 1, 2], 'keeps quantised keys and values, whose scales are not followed');
    const layouts = operandsOf(node, walk);
    coupleNeurons(node, walk, layouts.slice(1));
    if (node.int('do_rotary', 0) !== 0) {
      for (const layout of layouts)
        keepNeurons(node, walk, layout, 'rotates pairs of neurons by tables of their positions');
    } else for (const layout of layouts) joinNeurons(node, walk, layout, MULTIPLE);
    attend(node, walk, {
      operands,
      layouts,
      merged: true,
      added: [10, 11],
      past: node.inputs[3] && node.inputs[4] ? [3, 4] : undefined,
      present: [1, 2],
      scores: 3,
    });
    if (!walk.layouts.get(node.outputs[0]!)) refuse(node, walk, [0, 1, 2], 'attends to values of unknown shape');
  },
  resize(node, resizing) {
    const [queries, keys] = [node.int('num_heads', 1), node.int('kv_num_heads', 1)];
    keepScale(node, resizing, node.inputs[1] ? queries : queries + 2 * keys);
    stateHeads(node, resizing, 'num_heads', 0);
    stateHeads(node, resizing, 'kv_num_heads', 0, keys / queries);
  },
};

/** onnxruntime takes heads of multiples of eight neurons alone. */
const MULTIPLE = 8;

function isQuantised(node: Node): boolean {
  const types = ['k_quant_type', 'v_quant_type'].map((name) => node.string(name, 'NONE'));
  return node.inputs[12] !== undefined || node.inputs[13] !== undefined || types.some((type) => type !== 'NONE');
}

/** Queries, keys and values per head; input 0 holds all three where the others are left out. */
function operandsOf(node: Node, walk: Propagation): (Layout | undefined)[] {
  const [queries, keys] = [node.int('num_heads', 1), node.int('kv_num_heads', 1)];
  const heads = [queries, keys, keys];
  if (node.inputs[1]) return heads.map((count, index) => perHead(walk.input(node, index), count));
  const packed = walk.input(node, 0);
  const width = walk.shape(node.inputs[0])?.at(-1);
  if (!packed || typeof width !== 'number') return [];
  const size = width / (queries + 2 * keys);
  let start = 0;
  return heads.map((count) => {
    const from = start;
    start += count * size;
    const positions = Array.from({ length: count * size }, (_, at) => from + at);
    return perHead(selectPositions(packed, 2, positions), count);
  });
}

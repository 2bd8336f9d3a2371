import { dimsEqual, type Node } from '@snp/onnx';
import type { Field, Layout } from '../layout/layout.js';
import type { Propagation } from '../propagate/propagation.js';
import { combine } from './combine.js';
import { COMPUTED, contract, contractMatMul } from './contraction.js';
import type { Resizing } from './resizing.js';
import type { OperatorRule } from './rule.js';
import { selectPositions } from './select.js';
import { reshapeLayout } from './shape.js';

/** The attention operator of opset 23, in its form [batch, heads, tokens, neurons] and in [batch, tokens, heads x neurons]. */
export const attentionRule: OperatorRule = {
  operators: {
    Attention: {
      inputs: 6,
      outputs: 'all',
      attributes: {
        is_causal: 'any',
        kv_num_heads: 'any',
        q_num_heads: 'any',
        // Scores as an output are those of fewer neurons, which is what they should be; used outputs freeze below.
        qk_matmul_output_mode: 'any',
        scale: 'any',
        softcap: 'any',
        softmax_precision: 'any',
      },
    },
  },
  summary: 'queries and keys are coupled neuron by neuron; values travel on; the scale stays that of the full width',
  propagate(node, walk) {
    const headsOf = (index: number) => node.int(index === 0 ? 'q_num_heads' : 'kv_num_heads', 1);
    const operands = [0, 1, 2].map((index) => perHead(walk.input(node, index), headsOf(index)));
    const past = [4, 5].some((index) => node.inputs[index]) || node.outputs.slice(1).some((extra) => extra);
    if (past) return refuse(node, walk, [0, 1, 2], 'keeps past keys and values');
    const merged = walk.shape(node.inputs[0])?.length === 3;
    attend(node, walk, [0, 1, 2], operands, merged, 3);
  },
  resize(node, resizing) {
    const shape = resizing.oldShape(node.inputs[0]!);
    keepScale(node, resizing, 0, shape.length === 4 ? 1 : node.int('q_num_heads', 1));
    if (shape.length === 3) {
      stateHeads(node, resizing, 'q_num_heads', 0);
      stateHeads(node, resizing, 'kv_num_heads', 1);
    }
  },
};

/** onnxruntime's attention with the projections of queries, keys and values in it, one behind the other. */
export const fusedAttentionRule: OperatorRule = {
  operators: {
    'com.microsoft.Attention': {
      inputs: 6,
      outputs: 'all',
      attributes: {
        do_rotary: 'any',
        mask_filter_value: 'any',
        num_heads: 'any',
        past_present_share_buffer: 'any',
        qkv_hidden_sizes: 'any',
        rotary_embedding_dim: 'any',
        scale: 'any',
        unidirectional: 'any',
      },
    },
  },
  summary:
    'as MatMul and Attention: columns of the weight are those of queries, keys and values; frozen with past keys and values or rotary embedding',
  propagate(node, walk) {
    const heads = node.int('num_heads', 1);
    const sizes = projectionSizes(node, walk.shape(node.inputs[1])?.[1]);
    const past = node.inputs[4] || node.outputs[1];
    if (past || node.int('do_rotary', 0) || !sizes) {
      const reason = past ? 'keeps past keys and values' : 'rotates queries and keys, or has widths that are not known';
      return refuse(node, walk, [0, 1, 2], reason);
    }
    contractMatMul(node, walk, [0, 1]);
    const product = walk.layouts.get(node.outputs[0]!);
    const bias = walk.input(node, 2);
    const projected =
      product &&
      bias &&
      combine(
        node,
        walk,
        [
          { layout: product, activation: true },
          { layout: bias, activation: walk.isActivation(node, 2) },
        ],
        'all',
      );
    const all = bias ? projected : product;
    const parts = sizes.map((size, part) => {
      const start = sizes.slice(0, part).reduce((sum, own) => sum + own, 0);
      const own =
        all &&
        selectPositions(
          all,
          2,
          Array.from({ length: size }, (_, i) => start + i),
        );
      return perHead(own, heads);
    });
    if (parts.some((part) => !part))
      return refuse(node, walk, [0, 1, 2], 'divides its columns in a way that is not followed');
    attend(node, walk, [COMPUTED, COMPUTED, COMPUTED], parts, true, 5);
  },
  resize(node, resizing) {
    const weight = node.inputs[1]!;
    const before = resizing.oldShape(weight)[1];
    const sizes = projectionSizes(node, before);
    if (!sizes || typeof before !== 'number') return;
    const positions = Array.from({ length: before }, (_, at) => at);
    const after = sizes.map((size, part) => {
      const start = sizes.slice(0, part).reduce((sum, own) => sum + own, 0);
      return resizing.positionsAfter(weight, 1, positions.slice(start, start + size)).length;
    });
    if (after.every((size, part) => size === sizes[part])) return;
    node.set('qkv_hidden_sizes', after);
    if (!node.attributes.has('scale') && after[0] !== sizes[0])
      node.set('scale', { float: 1 / Math.sqrt(sizes[0] / node.int('num_heads', 1)) });
    stateHeads(node, resizing, 'num_heads', 0);
  },
};

/** onnxruntime's attention over queries, keys and values of [batch, tokens, heads x neurons], with an optional bias for all three. */
export const multiHeadAttentionRule: OperatorRule = {
  operators: {
    'com.microsoft.MultiHeadAttention': {
      inputs: 8,
      outputs: 'all',
      attributes: { mask_filter_value: 'any', num_heads: 'any', scale: 'any', unidirectional: 'any' },
    },
  },
  summary:
    'queries and keys are coupled neuron by neuron; values travel on; the bias is theirs; frozen with packed operands or past keys and values',
  propagate(node, walk) {
    const ranks = [0, 1, 2].map((index) => walk.shape(node.inputs[index])?.length);
    const past = [6, 7].some((index) => node.inputs[index]) || node.outputs.slice(1).some((extra) => extra);
    if (past) return refuse(node, walk, [0, 1, 2, 3], 'keeps past keys and values');
    if (!node.inputs[1] || !node.inputs[2] || ranks.some((rank) => rank === 5))
      return refuse(node, walk, [0, 1, 2, 3], 'packs queries, keys and values, which keeps them of one width');
    const heads = node.int('num_heads', 1);
    const bias = node.inputs[3] && walk.input(node, 3);
    let start = 0;
    const operands = [0, 1, 2].map((index) => {
      const layout = walk.input(node, index);
      const width = walk.shape(node.inputs[index])?.at(-1);
      const size = ranks[index] === 4 && typeof width === 'number' ? width * heads : width;
      if (!layout || typeof size !== 'number') return undefined;
      const own =
        bias &&
        selectPositions(
          bias,
          0,
          Array.from({ length: size }, (_, i) => start + i),
        );
      start += size;
      // Keys of another form have no bias.
      if (ranks[index] === 4) return layout;
      if (node.inputs[3] && !own) return undefined;
      const biased = own
        ? combine(
            node,
            walk,
            [
              { layout, activation: walk.isActivation(node, index) },
              { layout: own, activation: walk.isActivation(node, 3) },
            ],
            'all',
          )
        : layout;
      return perHead(biased, heads);
    });
    attend(node, walk, [0, 1, 2], operands, true, 5);
    if (!walk.layouts.get(node.outputs[0]!)) refuse(node, walk, [3], 'attends to values of unknown shape');
  },
  resize(node, resizing) {
    keepScale(node, resizing, 0, node.int('num_heads', 1));
    stateHeads(node, resizing, 'num_heads', 0);
  },
};

/** Freezes operands of an attention that cannot be followed, and says why. */
function refuse(node: Node, walk: Propagation, operands: readonly number[], reason: string): void {
  for (const index of operands) walk.freezeInput(node, index, reason);
  node.outputs.forEach((_, index) => {
    walk.setOutput(node, index);
  });
}

/**
 * Scores and mixture over [batch, heads, tokens, neurons]; the output is given back as [batch, tokens, heads x neurons] if `merged`. Input `bias`, if
 * there is one, is added to the scores.
 */
function attend(
  node: Node,
  walk: Propagation,
  operands: readonly [number, number, number],
  [q, k, v]: readonly (Layout | undefined)[],
  merged: boolean,
  bias: number,
): void {
  if (!q || !k || !v || !walk.shape(node.outputs[0]))
    return refuse(node, walk, operands, 'attends to values of unknown shape');
  if (!dimsEqual(sizeOfHeads(q), sizeOfHeads(k)))
    return refuse(node, walk, operands, 'shares key heads between query heads');
  const batchAndHeads = [
    [0, 0],
    [1, 1],
  ] as const;
  const scores = contract(node, walk, {
    operands: [operands[0], operands[1]],
    layouts: [q, k],
    summed: [[3, 3]],
    shared: batchAndHeads,
    output: [{ shared: 0 }, { shared: 1 }, { operand: 0, axis: 2 }, { operand: 1, axis: 2 }],
  });
  const biased = scores && node.inputs[bias] ? meetBias(node, walk, scores, bias) : scores;
  const mixed =
    biased &&
    contract(node, walk, {
      operands: [operands[0], operands[2]],
      layouts: [biased, v],
      summed: [[3, 2]],
      shared: batchAndHeads,
      output: [{ shared: 0 }, { shared: 1 }, { operand: 0, axis: 2 }, { operand: 1, axis: 3 }],
    });
  if (!mixed || !merged) return walk.setOutput(node, 0, mixed);
  const axes = [mixed.axes[0], mixed.axes[2], [...mixed.axes[1], ...mixed.axes[3]]];
  walk.setOutput(node, 0, { axes, fields: mixed.fields });
}

/** Scores after something of [batch, heads, queries, keys] was added: it may have a slice for each head. */
function meetBias(node: Node, walk: Propagation, scores: Layout, index: number): Layout | undefined {
  const layout = walk.input(node, index);
  if (!layout) {
    walk.freezeAll(scores.fields, node, 'adds a value of unknown shape to the scores');
    return scores;
  }
  const heads = layout.axes.length - 3;
  const axes = layout.axes.map((axis, at) => (at === heads ? axis : []));
  const fields = layout.fields.filter(
    ({ factors }) => heads >= 0 && factors.every((factor) => axes[heads].includes(factor)),
  );
  const operands = [
    { layout: scores, activation: true },
    { layout: { axes, fields }, activation: walk.isActivation(node, index) },
  ];
  return combine(node, walk, operands, 'none');
}

/** An operand as [batch, heads, tokens, neurons]; one of that form as it is. */
function perHead(layout: Layout | undefined, heads: number): Layout | undefined {
  if (!layout || layout.axes.length === 4) return layout;
  const sizes = layout.axes.map((axis) => axis.map((factor) => factor.size));
  const width = sizes[2].reduce<number>((product, size) => product * (typeof size === 'number' ? size : Number.NaN), 1);
  if (!Number.isInteger(width) || width % heads !== 0) return undefined;
  const [batch, tokens] = layout.axes;
  // Only the last axis is taken apart: the others may have any factors.
  const within = (field: Field) => field.factors.filter((factor) => layout.axes[2].includes(factor)).length;
  const own = layout.fields.filter((field) => within(field) > 0);
  const last = own.every((field) => within(field) === field.factors.length)
    ? reshapeLayout({ axes: [layout.axes[2]], fields: own }, [heads, width / heads])
    : undefined;
  if (!last) return undefined;
  const rest = layout.fields.filter((field) => within(field) === 0);
  return { axes: [batch, last.axes[0], tokens, last.axes[1]], fields: [...last.fields, ...rest] };
}

function sizeOfHeads(layout: Layout) {
  return layout.axes[1].length === 1 ? layout.axes[1][0].size : 1;
}

/** Columns of queries, keys and values in a fused projection. */
function projectionSizes(node: Node, width: unknown): [number, number, number] | undefined {
  const stated = node.ints('qkv_hidden_sizes');
  if (stated?.length === 3 && stated.every((size) => size > 0)) return stated as [number, number, number];
  if (typeof width !== 'number' || width % 3 !== 0) return undefined;
  return [width / 3, width / 3, width / 3];
}

/** States how many heads are left. */
function stateHeads(node: Node, resizing: Resizing, attribute: string, index: number): void {
  const heads = resizing.newHeads(node, index);
  if (heads !== undefined && heads !== node.int(attribute, 1)) node.set(attribute, heads);
}

/** States the scale that the operator would take from the full width of a query head, before that shrinks. */
function keepScale(node: Node, resizing: Resizing, index: number, heads: number): void {
  if (node.attributes.has('scale')) return;
  const [before, after] = [resizing.oldShape(node.inputs[index]!), resizing.newShape(node.inputs[index]!)].map(
    (shape) => shape[shape.length - 1],
  );
  if (typeof before === 'number' && !dimsEqual(before, after))
    node.set('scale', { float: 1 / Math.sqrt(before / heads) });
}

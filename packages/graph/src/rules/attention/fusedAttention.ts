import type { Node } from '@snp/onnx';
import type { Layout } from '../../layout/layout.js';
import type { Propagation } from '../../walk/propagation.js';
import { combine } from '../combine.js';
import { COMPUTED, contractMatMul } from '../contraction.js';
import type { OperatorRule } from '../rule.js';
import { selectPositions } from '../select.js';
import { attend, refuse } from './attend.js';
import { perHead } from './perHead.js';
import { stateHeads } from './resize.js';

/** onnxruntime's attention with the projections of queries, keys and values in it, one behind the other. */
export const fusedAttentionRule: OperatorRule = {
  operators: {
    'com.microsoft.Attention': {
      inputs: 7,
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
    'as MatMul and Attention: columns of the weight are those of queries, keys and values, which stay with past keys and values or rotary embedding',
  propagate(node, walk) {
    contractMatMul(node, walk, [0, 1]);
    const projected = withBias(node, walk, walk.layouts.get(node.outputs[0]!));
    const sizes = projectionSizes(node, walk.shape(node.inputs[1])?.[1]);
    const parts = sizes?.map((size, part) => {
      const start = sizes.slice(0, part).reduce((sum, own) => sum + own, 0);
      const own = projected && selectPositions(projected, 2, run(start, size));
      return perHead(own, node.int('num_heads', 1));
    });
    const reason = whyRefused(node, parts);
    if (reason || !parts) return refuse(node, walk, [], reason ?? '', [projected]);
    attend(node, walk, { operands: [COMPUTED, COMPUTED, COMPUTED], layouts: parts, merged: true, added: [5] });
  },
  resize(node, resizing) {
    const weight = node.inputs[1]!;
    const before = resizing.oldShape(weight)[1];
    const sizes = projectionSizes(node, before);
    if (!sizes) return;
    const after = sizes.map((size, part) => {
      const start = sizes.slice(0, part).reduce((sum, own) => sum + own, 0);
      return resizing.positionsAfter(weight, 1, run(start, size)).length;
    });
    if (after.every((size, part) => size === sizes[part])) return;
    node.set('qkv_hidden_sizes', after);
    if (node.float('scale', 0) === 0 && after[0] !== sizes[0])
      node.set('scale', { float: 1 / Math.sqrt(sizes[0] / node.int('num_heads', 1)) });
    stateHeads(node, resizing, 'num_heads', 0);
  },
};

function withBias(node: Node, walk: Propagation, product: Layout | undefined): Layout | undefined {
  if (!node.inputs[2]) return product;
  const bias = walk.input(node, 2);
  if (!product || !bias) {
    walk.freezeAll(
      [...(product?.fields ?? []), ...(bias?.fields ?? [])],
      node,
      'adds a bias to values of unknown shape',
    );
    return undefined;
  }
  const operands = [
    { layout: product, activation: true },
    { layout: bias, activation: walk.isActivation(node, 2) },
  ];
  return combine(node, walk, operands, 'all');
}

function whyRefused(node: Node, parts: readonly (Layout | undefined)[] | undefined): string | undefined {
  if (node.inputs[4] || node.outputs[1]) return 'keeps past keys and values in one tensor, of one width for both';
  if (node.int('do_rotary', 0) !== 0) return 'rotates pairs of neurons by tables of its own';
  if (!parts) return 'has widths of queries, keys and values that are not known';
  return parts.some((part) => !part) ? 'divides its columns in a way that is not followed' : undefined;
}

/** Columns of queries, keys and values in a fused projection. */
function projectionSizes(node: Node, width: unknown): [number, number, number] | undefined {
  const stated = node.ints('qkv_hidden_sizes');
  if (stated?.length === 3 && stated.every((size) => size > 0)) return stated as [number, number, number];
  if (typeof width !== 'number' || width % 3 !== 0) return undefined;
  return [width / 3, width / 3, width / 3];
}

function run(start: number, size: number): number[] {
  return Array.from({ length: size }, (_, at) => start + at);
}

import type { OperatorRule } from './rule.js';

/** Operators that are known and left alone: what they touch keeps its width. */
const REASONS: Readonly<Record<string, string>> = {
  'com.microsoft.GroupQueryAttention': 'keeps past keys and values, of one width for both',
  'com.microsoft.SparseAttention': 'keeps past keys and values, of one width for both',
  'com.microsoft.PackedAttention': 'packs sequences, with queries, keys and values of one width',
  'com.microsoft.PackedMultiHeadAttention': 'packs sequences, with queries, keys and values of one width',
  'com.microsoft.DecoderMaskedMultiHeadAttention': 'keeps past keys and values',
  'com.microsoft.DecoderMaskedSelfAttention': 'keeps past keys and values',
  'com.microsoft.LongformerAttention': 'attends to windows in a way that is not followed',
  RotaryEmbedding: 'rotates pairs of neurons by tables of their positions',
  'com.microsoft.RotaryEmbedding': 'rotates pairs of neurons by tables of their positions',
  InstanceNormalization: 'normalises every channel, or group of channels, among itself',
  GroupNormalization: 'normalises groups of channels, each among itself',
};

/** Known operators that freeze what touches them, each with its reason. */
export const refusedRules: readonly OperatorRule[] = Object.entries(REASONS).map(([operator, reason]) => ({
  operators: [operator],
  summary: `frozen: ${reason}`,
  propagate(node, walk) {
    node.inputs.forEach((_, index) => {
      walk.freezeInput(node, index, reason);
    });
    node.outputs.forEach((_, index) => {
      walk.setOutput(node, index);
    });
  },
}));

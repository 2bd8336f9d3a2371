import type { OperatorForm } from './form.js';
import type { OperatorRule } from './rule.js';

/** Operators that are known and left alone: what they touch keeps its width. */
const REASONS: Readonly<Record<string, string>> = {
  'com.microsoft.SparseAttention': 'keeps past keys and values, of one width for both',
  'com.microsoft.PackedAttention': 'packs sequences, with queries, keys and values of one width',
  'com.microsoft.PackedMultiHeadAttention': 'packs sequences, with queries, keys and values of one width',
  'com.microsoft.DecoderMaskedMultiHeadAttention': 'keeps past keys and values',
  'com.microsoft.DecoderMaskedSelfAttention': 'keeps past keys and values',
  'com.microsoft.LongformerAttention': 'attends to windows in a way that is not followed',
  GroupNormalization: 'normalises groups of channels, each among itself',
};

/** Nothing of them is followed, in whatever form. */
const ANYTHING: OperatorForm = { inputs: Number.POSITIVE_INFINITY, outputs: 'all', attributes: 'any' };

/** Known operators that freeze what touches them, each with its reason. */
export const refusedRules: readonly OperatorRule[] = Object.entries(REASONS).map(([operator, reason]) => ({
  operators: { [operator]: ANYTHING },
  summary: `frozen: ${reason}`,
  propagate: (node, walk) => walk.stopAt(node, () => reason),
}));

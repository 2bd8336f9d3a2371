import { addDims, type Dim, mulDims } from '../dim.js';
import { floorDivDims, maxDims } from '../dimFunctions.js';
import type { OutputFacts } from '../facts.js';
import { type OperatorCall, withDim } from '../operatorCall.js';
import type { ShapeRules } from '../shapeRule.js';
import { nonNegative } from './constants.js';
import { like } from './elementwise.js';

/** Attention as one operator: ai.onnx from opset 23 on, and onnxruntime's family. B batch, S query length, H heads. */
export const attentionRules: ShapeRules = {
  Attention: attentionRule,
  RotaryEmbedding: (call) => [like(call, 0)],
  'com.microsoft.RotaryEmbedding': (call) => [like(call, 0)],
  'com.microsoft.Attention': fusedAttentionRule,
  'com.microsoft.QAttention': fusedQuantizedRule,
  'com.microsoft.MultiHeadAttention': multiHeadRule,
  'com.microsoft.DecoderMaskedMultiHeadAttention': decoderMultiHeadRule,
  'com.microsoft.DecoderMaskedSelfAttention': fusedAttentionRule,
  'com.microsoft.GroupQueryAttention': groupQueryRule,
  'com.microsoft.SparseAttention': groupQueryRule,
  'com.microsoft.PackedAttention': packedRule,
  'com.microsoft.PackedMultiHeadAttention': packedMultiHeadRule,
  'com.microsoft.LongformerAttention': (call) => [like(call, 0)],
  'com.microsoft.RelativePositionBias': relativeBiasRule,
  'com.microsoft.GatedRelativePositionBias': gatedBiasRule,
};

function times(a: Dim | undefined, b: Dim | undefined): Dim | undefined {
  return a === undefined || b === undefined ? undefined : mulDims(a, b);
}

function plus(a: Dim | undefined, b: Dim | undefined): Dim | undefined {
  return a === undefined || b === undefined ? undefined : addDims(a, b);
}

/** Heads divide widths evenly in a valid model; floor keeps a symbolic quotient computable. */
function over(a: Dim | undefined, b: Dim | undefined): Dim | undefined {
  return a === undefined || b === undefined ? undefined : floorDivDims(a, b);
}

/** Attention-23: query, key and value are [B,H,S,d] or [B,S,H*d]; then mask, past key, past value. */
function attentionRule(call: OperatorCall): OutputFacts[] {
  const type = call.type(0);
  const query = call.shape(0);
  if (!query) return [{ type }];
  const packed = query.length === 3;
  const heads = packed ? call.node.int('q_num_heads') : query[1];
  const keyHeads = packed ? call.node.int('kv_num_heads') : call.dim(1, 1);
  const width = packed ? over(call.dim(2, 2), keyHeads) : call.dim(2, 3);
  const keyWidth = packed ? over(call.dim(1, 2), keyHeads) : call.dim(1, 3);
  const length = packed ? query[1] : query[2];
  const total = plus(packed ? call.dim(1, 1) : call.dim(1, 2), call.has(4) ? call.dim(4, 2) : 0);
  const batch = query[0];
  return [
    { type, shape: packed ? [batch, length, times(heads, width)] : [batch, heads, length, width] },
    { type: call.type(1), shape: [batch, keyHeads, total, keyWidth] },
    { type: call.type(2), shape: [batch, keyHeads, total, width] },
    { type, shape: [batch, heads, length, total] },
  ];
}

/** Inputs: x [B,S,E], weight [E, q+k+v], bias, mask, past [2,B,H,P,d]. Outputs: [B,S,v] and present [2,B,H,P+S,d]. */
function fusedAttentionRule(call: OperatorCall): OutputFacts[] {
  const shape = [call.dim(0, 0), call.dim(0, 1), fusedWidth(call, 1)];
  const shared = call.node.int('past_present_share_buffer', 0) !== 0;
  const heads = call.node.int('num_heads');
  const past = call.has(4) ? call.dim(4, 3) : 0;
  const total = shared ? past : plus(past, call.dim(0, 1));
  return [
    { type: call.type(0), shape },
    { type: call.type(0), shape: [2, call.dim(0, 0), heads, total, over(shape[2], heads)] },
  ];
}

/** Width of the value part of a fused projection. */
function fusedWidth(call: OperatorCall, weight: number): Dim | undefined {
  return call.node.ints('qkv_hidden_sizes')?.[2] ?? over(call.dim(weight, -1), 3);
}

/** As Attention, with scales and zero points: the mask is input 5, past is input 8, the result is floating point. */
function fusedQuantizedRule(call: OperatorCall): OutputFacts[] {
  const heads = call.node.int('num_heads');
  const width = fusedWidth(call, 1);
  const total = plus(call.has(8) ? call.dim(8, 3) : 0, call.dim(0, 1));
  return [
    { type: call.type(3), shape: [call.dim(0, 0), call.dim(0, 1), width] },
    { type: call.type(3), shape: [2, call.dim(0, 0), heads, total, over(width, heads)] },
  ];
}

/**
 * Query [B,S,H*d] or packed [B,S,H,3,d]; key [B,L,H*d], packed key and value [B,L,H,2,d], or [B,H,L,d]; value likewise.
 * Past key and value are inputs 6 and 7; with past_sequence_length (input 8) they are buffers that present shares.
 * Outputs: [B,S,H*dv], present key, present value, scores.
 */
function multiHeadRule(call: OperatorCall): OutputFacts[] {
  const { batch, length, width, keyWidth, keys } = multiHeadDims(call);
  const heads = call.node.int('num_heads');
  const type = call.type(0);
  const past = call.has(6) ? call.dim(6, 2) : 0;
  const total = call.has(8) ? past : plus(past, keys);
  return [
    { type, shape: [batch, length, width] },
    { type, shape: [batch, heads, total, over(keyWidth, heads)] },
    { type, shape: [batch, heads, total, over(width, heads)] },
    { type, shape: [batch, heads, length, total] },
  ];
}

function multiHeadDims(
  call: OperatorCall,
): Record<'batch' | 'length' | 'width' | 'keyWidth' | 'keys', Dim | undefined> {
  const query = call.shape(0);
  const [batch, length] = [query?.[0], query?.[1]];
  if (query?.length === 5) {
    const width = times(query[2], query[4]);
    return { batch, length, width, keyWidth: width, keys: length };
  }
  const keyWidth = query?.[2];
  const key = call.shape(1);
  if (key?.length === 5) return { batch, length, width: keyWidth, keyWidth, keys: key[1] };
  if (key?.length === 4) return { batch, length, width: times(call.dim(2, 1), call.dim(2, 3)), keyWidth, keys: key[2] };
  return { batch, length, width: call.dim(2, 2), keyWidth, keys: key?.[1] };
}

/** As MultiHeadAttention for one new token; past key and value are inputs 5 and 6 and may share their buffer. */
function decoderMultiHeadRule(call: OperatorCall): OutputFacts[] {
  const width = call.shape(2)?.length === 4 ? times(call.dim(2, 1), call.dim(2, 3)) : call.dim(2, 2);
  const shared = call.node.int('past_present_share_buffer', 0) !== 0;
  const present = (index: number): OutputFacts => {
    const past = call.shape(index);
    return { type: call.type(0), shape: past && (shared ? past : withDim(past, 2, addDims(past[2], 1))) };
  };
  return [{ type: call.type(0), shape: [call.dim(0, 0), call.dim(0, 1), width] }, present(5), present(6)];
}

/** Query [B,S,H*d] (or query, key and value packed along the last axis); past key and value are inputs 3 and 4. */
function groupQueryRule(call: OperatorCall): OutputFacts[] {
  const type = call.type(0);
  const heads = call.node.int('num_heads', 1);
  const keyHeads = call.node.int('kv_num_heads', heads);
  const size = call.has(1) ? over(call.dim(0, 2), heads) : over(call.dim(0, 2), heads + 2 * keyHeads);
  const width = times(size, heads);
  const total = nonNegative(call.content(6)?.[0]);
  const past = call.has(3) ? call.dim(3, 2) : 0;
  const length = past !== undefined && total !== undefined ? maxDims(past, total) : undefined;
  const present = { type: call.type(3) ?? type, shape: [call.dim(0, 0), keyHeads, length, size] };
  return [{ type, shape: [call.dim(0, 0), call.dim(0, 1), width] }, present, present];
}

/** Tokens of all sequences in one row: x [T,E], weight [E, q+k+v], bias, token offsets [B,S]. */
function packedRule(call: OperatorCall): OutputFacts[] {
  return [{ type: call.type(0), shape: [call.dim(0, 0), fusedWidth(call, 1)] }];
}

function packedMultiHeadRule(call: OperatorCall): OutputFacts[] {
  const query = call.shape(0);
  const width = query?.length === 4 ? times(query[1], query[3]) : call.dim(2, 1);
  return [{ type: call.type(0), shape: [query?.[0], width] }];
}

/** Table [buckets, H], query length, key length. */
function relativeBiasRule(call: OperatorCall): OutputFacts[] {
  const length = (index: number) => nonNegative(call.content(index)?.[0]);
  return [{ type: call.type(0), shape: [1, call.dim(0, 1), length(1), length(2)] }];
}

function gatedBiasRule(call: OperatorCall): OutputFacts[] {
  const length = call.shape(0)?.[1];
  return [{ type: call.type(0), shape: [call.dim(0, 0), call.node.int('num_heads'), length, length] }];
}

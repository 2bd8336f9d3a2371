import { addDims, type Dim, divideDims, mulDims, productOf } from '../shape/dim.js';
import { maxDims } from '../shape/dimFunctions.js';
import type { MacRule } from './macRule.js';
import type { NodeShapes } from './nodeShapes.js';

/**
 * Attention as one operator: scores (Q times K transposed) and their product with the values, plus the input projection
 * where the operator holds it. Masks and causality are not thought of: every query meets every key.
 */
export const attentionMacRules: Readonly<Record<string, MacRule>> = {
  Attention: attention,
  'com.microsoft.Attention': (at) => fusedAttention(at, 4),
  'com.microsoft.QAttention': (at) => fusedAttention(at, 8),
  'com.microsoft.MultiHeadAttention': (at) => multiHead(at, 6),
  'com.microsoft.DecoderMaskedMultiHeadAttention': (at) => multiHead(at, 5),
  'com.microsoft.GroupQueryAttention': groupQuery,
  'com.microsoft.SparseAttention': groupQuery,
  'com.microsoft.PackedAttention': packed,
  'com.microsoft.PackedMultiHeadAttention': packedMultiHead,
};

/** Dimension 2 of a past tensor [B,H,P,d], 0 if there is none. */
function pastLength(at: NodeShapes, index: number): Dim {
  return at.has(index) ? at.dim(index, 2) : 0;
}

/** Query [B,H,S,d] or [B,S,H*d]. */
function attention(at: NodeShapes): Dim {
  const query = at.input(0);
  const output = at.output(0);
  const keys = addDims(at.dim(1, -2), pastLength(at, 4));
  return productOf([...query.slice(0, -1), keys, addDims(query[query.length - 1], output[output.length - 1])]);
}

/** x [B,S,E] and weight [E, q+k+v]; past [2,B,H,P,d]. */
function fusedAttention(at: NodeShapes, past: number): Dim {
  const [batch, length] = at.input(0);
  const keys = addDims(length, at.has(past) ? at.dim(past, 3) : 0);
  const projection = mulDims(productOf(at.input(0)), at.dim(1, -1));
  return addDims(projection, productOf([batch, length, keys, addDims(queryWidth(at), at.output(0)[2])]));
}

/** Width of the query part of a fused projection: equal thirds unless stated. */
function queryWidth(at: NodeShapes): Dim {
  const all = at.dim(1, -1);
  return at.node.ints('qkv_hidden_sizes')?.[0] ?? divideDims(all, 3) ?? all;
}

function multiHead(at: NodeShapes, past: number): Dim {
  const [batch, length, width] = at.output(0);
  const query = at.input(0);
  const keys = addDims(keyLength(at, length), pastLength(at, past));
  const queries = query.length === 5 ? mulDims(query[2], query[4]) : query[2];
  return productOf([batch, length, keys, addDims(queries, width)]);
}

/** Keys are [B,L,H*d], [B,L,H,2,d], [B,H,L,d], or packed with the queries. */
function keyLength(at: NodeShapes, queries: Dim): Dim {
  if (!at.has(1)) return queries;
  return at.input(1).length === 4 ? at.dim(1, 2) : at.dim(1, 1);
}

/** Keys of all tokens so far: `total_sequence_length` where it is known, else past and new ones. */
function groupQuery(at: NodeShapes): Dim {
  const [batch, length, width] = at.output(0);
  const past = pastLength(at, 3);
  const stated = at.node.inputs[6] && at.shapes.content(at.node.inputs[6])?.[0];
  const keys = typeof stated === 'number' ? maxDims(past, stated) : addDims(past, length);
  return productOf([batch, length, keys, mulDims(width, 2)]);
}

/** Tokens x [T,E], weight [E, q+k+v]; scores as if every sequence had full length, by token offsets [B,S]. */
function packed(at: NodeShapes): Dim {
  const projection = mulDims(productOf(at.input(0)), at.dim(1, -1));
  return addDims(projection, packedScores(at, 3, addDims(queryWidth(at), at.output(0)[1])));
}

function packedMultiHead(at: NodeShapes): Dim {
  return packedScores(at, 4, mulDims(at.output(0)[1], 2));
}

function packedScores(at: NodeShapes, offsets: number, width: Dim): Dim {
  const [batch, length] = at.input(offsets);
  return productOf([batch, length, length, width]);
}

/** One block of `buildTransformer`: each piece in one of the forms that exporters write. */
export interface TransformerBlock {
  readonly heads: number;
  /** Query heads per key head: 1, or a divisor of `heads` (grouped queries); `heads` for multi-query attention. */
  readonly queriesPerKey: number;
  readonly queryKey: number;
  readonly value: number;
  readonly ffn: number;
  /** A product each, or one for all three that is cut up behind it; with grouped queries and unequal widths by Split or Slice only. */
  readonly projection: 'separate' | 'split' | 'slice' | 'gather' | 'unbind';
  /** Plain products, Einsum, or one operator: that of opset 23, or onnxruntime's with and without the projection in it. */
  readonly attention: 'matmul' | 'einsum' | 'operator' | 'multi-head' | 'fused';
  /** Where the scale of the scores is applied. */
  readonly scale: 'scores' | 'query' | 'both' | 'shape';
  /** Norm of queries and keys, per head. */
  readonly queryKeyNorm: 'none' | 'layer' | 'rms';
  readonly rotary: 'none' | 'halves' | 'pairs';
  /** What is added to the scores. */
  readonly mask: 'none' | 'causal' | 'relative';
  /** Mixes attention maps across heads, before and after the softmax. */
  readonly talkingHeads: boolean;
  /** Keys and values come from a second input. */
  readonly cross: boolean;
  readonly gate: 'none' | 'silu' | 'gelu';
  readonly activation: 'relu' | 'gelu' | 'tanh' | 'sigmoid';
  readonly norm: 'layer' | 'decomposed' | 'rms' | 'skip';
  readonly order: 'pre' | 'post';
  readonly bias: boolean;
  readonly layerScale: boolean;
  readonly linear: 'matmul' | 'gemm' | 'einsum';
}

/** A block in its plainest form: what tests start from. */
export const PLAIN_BLOCK: TransformerBlock = {
  heads: 2,
  queriesPerKey: 1,
  queryKey: 4,
  value: 4,
  ffn: 12,
  projection: 'separate',
  attention: 'matmul',
  scale: 'scores',
  queryKeyNorm: 'none',
  rotary: 'none',
  mask: 'none',
  talkingHeads: false,
  cross: false,
  gate: 'none',
  activation: 'gelu',
  norm: 'layer',
  order: 'pre',
  bias: true,
  layerScale: false,
  linear: 'matmul',
};

/** Options of `buildTransformer`. */
export interface TransformerOptions {
  readonly seed: number;
  /** Width of the residual stream. */
  readonly residual: number;
  readonly blocks: readonly TransformerBlock[];
  /** Numbers [batch, tokens, features], or token ids [batch, tokens]. */
  readonly input: 'features' | 'ids';
  /** A linear layer at the end, or the stream itself as output. */
  readonly head: boolean;
  /** Share of places at which nodes that do nothing are put in: pairs of Transpose, Reshape or Unsqueeze and Squeeze, Identity. From 0 to 1. */
  readonly noise: number;
}

/** Tokens of every sample: tables of masks and positions have this length. */
export const TOKENS = 5;

/** Tokens and features of the second input. */
export const MEMORY = { tokens: 4, features: 7 } as const;

/** Features of the first input, and number of token ids. */
export const FEATURES = 6;
export const VOCABULARY = 11;

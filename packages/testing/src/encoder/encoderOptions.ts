import { SnpError } from '@snp/onnx';
import { type BlockWidths, widthsOfBlocks } from '../build/blockWidths.js';
import type { GeluForm } from '../build/gelu.js';
import type { NormForm } from '../build/layerNorm.js';

/** Options of `buildEncoder`: the sizes, and how each piece is written. All forms of one seed compute the same. */
export interface EncoderOptions {
  /** Number of token ids. */
  readonly vocabulary: number;
  /** Longest sequence. */
  readonly positions: number;
  /** Width of the residual stream. */
  readonly residual: number;
  /** Number of blocks. */
  readonly depth: number;
  /** Heads of every block. */
  readonly heads: number;
  /** Widths of all blocks, or of each. */
  readonly blocks: BlockWidths | readonly BlockWidths[];
  /** Logits per token: a number, or `tied` for one per token id through the token embedding's own matrix. */
  readonly labels: number | 'tied';
  /** Norms behind each addition, as in BERT (default `post-norm`), or in front of attention and FFN. Not the same function. */
  readonly order?: 'post-norm' | 'pre-norm';
  /** Default `layer`. */
  readonly norm?: NormForm;
  /** Default `erf`, which gives opset 17; `operator` gives opset 20. */
  readonly gelu?: GeluForm;
  /** What scores are divided by: a constant (default), or the root of the query's last dimension taken from its Shape. */
  readonly attentionScale?: 'constant' | 'shape';
  /** Width whose root the constant is. Default: the block's own query/key width. Not for `attentionScale: 'shape'`. */
  readonly scaleWidth?: number;
  /** A product each for query, key and value (default), or one whose result is cut by Slice. */
  readonly qkv?: 'separate' | 'sliced';
  /** MatMul with weight [in, out] and Add (default), or Gemm on [tokens, in] with weight [out, in] and transB. */
  readonly linear?: 'matmul' | 'gemm';
  /** Targets of the Reshapes to and from heads: constants with 0 and -1 (default), or computed from Shape. */
  readonly targets?: 'constant' | 'shape';
  /**
   * Biases of linear layers. `own` (default): each layer its own numbers. In the other three, all layers of one size have
   * equal numbers, stored once per layer (`equal`), stored once and read by all (`shared`), or stored once and read by
   * all but the first through an Identity (`identity`), as exporters do that merge equal initializers.
   */
  readonly biases?: 'own' | 'equal' | 'shared' | 'identity';
  /** Where weights are stored. Default `initializers`. */
  readonly weights?: 'initializers' | 'constants';
  /** Seed of the weights, default 0. */
  readonly seed?: number;
  /** Standard deviation a linear layer gives its outputs for inputs of deviation 1, default 1. */
  readonly scale?: number;
}

/** Defaults of `buildEncoder`. */
export const ENCODER_DEFAULTS = {
  order: 'post-norm',
  norm: 'layer',
  gelu: 'erf',
  attentionScale: 'constant',
  qkv: 'separate',
  linear: 'matmul',
  targets: 'constant',
  biases: 'own',
  weights: 'initializers',
  seed: 0,
  scale: 1,
} as const satisfies Partial<EncoderOptions>;

/** Options with their defaults and the widths of each block. */
export type ResolvedEncoder = Required<Omit<EncoderOptions, 'blocks' | 'scaleWidth'>> & {
  readonly blocks: readonly BlockWidths[];
  readonly scaleWidth: number | undefined;
};

/**
 * Fills in defaults and checks sizes.
 *
 * @throws SnpError `invalid-argument` for widths that do not fit the depth, or a scale width with a scale from the Shape.
 */
export function resolveEncoder(options: EncoderOptions): ResolvedEncoder {
  if (options.attentionScale === 'shape' && options.scaleWidth !== undefined) {
    throw new SnpError(
      'invalid-argument',
      "A scale taken from the Shape is that of the own width. Leave out scaleWidth, or use attentionScale: 'constant'.",
    );
  }
  const blocks = widthsOfBlocks(options.depth, options.blocks);
  return { ...ENCODER_DEFAULTS, scaleWidth: undefined, ...options, blocks };
}

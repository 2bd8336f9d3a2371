import { SnpError } from '@snp/onnx';
import { type BlockWidths, widthsOfBlocks } from '../build/blockWidths.js';
import type { GeluForm } from '../build/gelu.js';

/** The sizes of a Vision Transformer. */
export interface VitSize {
  /** Height and width of the picture, in pixels. */
  readonly image: number;
  /** Height and width of a patch; divides `image`. */
  readonly patch: number;
  /** Width of the residual stream. */
  readonly residual: number;
  /** Number of blocks. */
  readonly depth: number;
  /** Heads of every block. */
  readonly heads: number;
  /** Widths of all blocks, or of each. */
  readonly blocks: BlockWidths | readonly BlockWidths[];
  /** Number of logits. */
  readonly classes: number;
}

/** Options of `buildVit`. */
export interface VitOptions extends VitSize {
  /**
   * `fused`: one product for query, key and value, reshaped to [batch, tokens, 3, heads, width] and split, as the DeiT
   * code exports; it needs equal query/key and value widths. `separate`: a product each. Default `fused`.
   */
  readonly qkv?: 'fused' | 'separate';
  /** Default `erf`, which gives opset 17; `operator` gives opset 20. */
  readonly gelu?: GeluForm;
  /**
   * Width whose inverse square root is the attention scale. Default: the block's own query/key width; a pruned model
   * needs that of the original.
   */
  readonly scaleWidth?: number;
  /** Seed of the weights, default 0. Weights of the same name and size are the same in all forms. */
  readonly seed?: number;
  /**
   * Standard deviation a linear layer gives its outputs for inputs of deviation 1, default 1: then attention scores have
   * about deviation 1 too, so that attention is far from uniform.
   */
  readonly scale?: number;
}

/** Defaults of `buildVit`. */
export const VIT_DEFAULTS = { qkv: 'fused', gelu: 'erf', seed: 0, scale: 1 } as const satisfies Partial<VitOptions>;

/** Options with their defaults and the widths of each block. */
export interface ResolvedVit extends VitSize {
  readonly qkv: 'fused' | 'separate';
  readonly gelu: GeluForm;
  readonly scaleWidth: number | undefined;
  readonly seed: number;
  readonly scale: number;
  readonly blocks: readonly BlockWidths[];
}

/**
 * Fills in defaults and checks sizes.
 *
 * @throws SnpError `invalid-argument` if `patch` does not divide `image`, or the fused form has unequal widths.
 */
export function resolveVit(options: VitOptions): ResolvedVit {
  const blocks = widthsOfBlocks(options.depth, options.blocks);
  const resolved = { ...VIT_DEFAULTS, scaleWidth: undefined, ...options, blocks };
  if (options.image % options.patch !== 0) {
    throw new SnpError('invalid-argument', `A patch of ${options.patch} does not divide an image of ${options.image}.`);
  }
  const unequal = blocks.findIndex(({ queryKey, value }) => queryKey !== value);
  if (resolved.qkv === 'fused' && unequal >= 0) {
    throw new SnpError(
      'invalid-argument',
      `Block ${unequal} has other query/key than value widths, so qkv cannot be one product. Use qkv: 'separate'.`,
    );
  }
  return resolved;
}

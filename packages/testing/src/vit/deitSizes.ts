import type { VitSize } from './vitOptions.js';

/** DeiT of a given width: 224 x 224 pixels, patches of 16, 12 blocks, 64 neurons per head, FFN of four times the width. */
function deit(heads: number): VitSize {
  const residual = 64 * heads;
  const blocks = { queryKey: 64, value: 64, ffn: 4 * residual };
  return { image: 224, patch: 16, residual, depth: 12, heads, blocks, classes: 1000 };
}

/** DeiT-Tiny (Touvron et al., arXiv 2012.12877): width 192, 3 heads, 5.7 M parameters. */
export const DEIT_TINY: VitSize = deit(3);

/** DeiT-Small: width 384, 6 heads, 22.1 M parameters. */
export const DEIT_SMALL: VitSize = deit(6);

/** DeiT-Base: width 768, 12 heads, 86.6 M parameters. */
export const DEIT_BASE: VitSize = deit(12);

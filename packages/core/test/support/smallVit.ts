import { buildVit, inputs } from '@snp/testing';

/** A Vision Transformer that recovers in milliseconds, with random weights. */
export const smallVit = ({ depth = 3, ffn = 48 } = {}) =>
  buildVit({
    image: 16,
    patch: 4,
    residual: 24,
    depth,
    heads: 3,
    blocks: { queryKey: 8, value: 8, ffn },
    classes: 7,
  });

/** A picture for it. */
export const smallVitFeeds = (seed: number) =>
  inputs([{ name: 'input', dtype: 'float', shape: [1, 3, 16, 16], fill: 'normal' }], { seed });

import type { TransformerBlock, TransformerOptions } from '@snp/testing';
import fc from 'fast-check';

const block: fc.Arbitrary<TransformerBlock> = fc
  .record({
    heads: fc.integer({ min: 1, max: 4 }),
    queriesPerKey: fc.constantFrom(1, 1, 1, 2, 4),
    queryKey: fc.integer({ min: 2, max: 6 }),
    value: fc.integer({ min: 2, max: 6 }),
    equalWidths: fc.boolean(),
    ffn: fc.integer({ min: 2, max: 12 }),
    projection: fc.constantFrom('separate', 'split', 'slice', 'gather', 'unbind'),
    attention: fc.constantFrom('matmul', 'matmul', 'matmul', 'einsum', 'operator', 'multi-head', 'fused'),
    scale: fc.constantFrom('scores', 'query', 'both', 'shape'),
    queryKeyNorm: fc.constantFrom('none', 'none', 'none', 'layer', 'rms'),
    rotary: fc.constantFrom('none', 'none', 'none', 'halves', 'pairs'),
    mask: fc.constantFrom('none', 'causal', 'relative'),
    talkingHeads: fc.constantFrom(false, false, false, true),
    cross: fc.constantFrom(false, false, false, true),
    gate: fc.constantFrom('none', 'none', 'silu', 'gelu'),
    activation: fc.constantFrom('gelu', 'relu', 'tanh', 'sigmoid'),
    norm: fc.constantFrom('layer', 'decomposed', 'rms', 'skip'),
    order: fc.constantFrom('pre', 'post'),
    bias: fc.boolean(),
    layerScale: fc.constantFrom(false, false, true),
    linear: fc.constantFrom('matmul', 'matmul', 'gemm', 'einsum'),
  } as const)
  .map(({ equalWidths, ...drawn }): TransformerBlock => {
    const plain = drawn.attention === 'matmul' || drawn.attention === 'einsum';
    const contrib = drawn.attention === 'multi-head' || drawn.attention === 'fused';
    const rotary = contrib || drawn.cross ? 'none' : drawn.rotary;
    const queryKey = rotary === 'none' ? drawn.queryKey : drawn.queryKey + (drawn.queryKey % 2);
    return {
      ...drawn,
      rotary,
      queryKey,
      value: equalWidths ? queryKey : drawn.value,
      // What the operators do not have.
      queriesPerKey: contrib || drawn.heads % drawn.queriesPerKey !== 0 ? 1 : drawn.queriesPerKey,
      queryKeyNorm: contrib ? 'none' : drawn.queryKeyNorm,
      mask: plain ? drawn.mask : 'none',
      talkingHeads: plain && drawn.talkingHeads,
      cross: drawn.attention !== 'fused' && drawn.cross,
    };
  });

/** Random Transformers of every form that `buildTransformer` writes. */
export const transformers: fc.Arbitrary<TransformerOptions> = fc.record({
  seed: fc.nat(1000),
  residual: fc.integer({ min: 4, max: 10 }),
  blocks: fc.array(block, { minLength: 1, maxLength: 3 }),
  input: fc.constantFrom('features', 'ids'),
  head: fc.boolean(),
  noise: fc.constantFrom(0, 0.3, 0.8),
});

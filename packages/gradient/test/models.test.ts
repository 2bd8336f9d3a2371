import type { Model } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import {
  buildEncoder,
  buildSpelled,
  buildTransformer,
  buildVit,
  type Feeds,
  inputs,
  PLAIN_ATTENTION,
  PLAIN_BLOCK,
  PLAIN_FFN,
  PLAIN_SPELLED,
  PLAIN_SPELLED_BLOCK,
  type SpelledSpec,
  sharedModels,
  spelledFeeds,
  type TransformerBlock,
  transformerFeeds,
} from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { gradientErrors } from './support/gradientErrors.js';

// Of the shared models those alone that are named, or all of which the path has these letters: SNP_GRADIENT_MODELS=zoo/
const WANTED = process.env.SNP_GRADIENT_MODELS;

const MOST = 1e-5;

const blocks = { queryKey: 4, value: 4, ffn: 10 };

function transformer(changes: Partial<TransformerBlock>, input: 'features' | 'ids' = 'features') {
  const options = {
    seed: 3,
    residual: 8,
    blocks: [{ ...PLAIN_BLOCK, ...changes }],
    input,
    head: true,
    noise: 0.2,
  } as const;
  return { model: buildTransformer(options), feeds: transformerFeeds(options, 2, 1) };
}

function spelled(changes: Partial<SpelledSpec>) {
  const { model } = buildSpelled({ ...PLAIN_SPELLED, ...changes });
  return { model, feeds: spelledFeeds(model, 1) };
}

const block = (attention: object, ffn: object = {}) => [
  {
    ...PLAIN_SPELLED_BLOCK,
    attention: { ...PLAIN_ATTENTION, ...attention },
    ffn: { ...PLAIN_FFN, ...ffn },
  },
];

const encoderOf = (changes: object) => ({
  model: buildEncoder({
    vocabulary: 11,
    positions: 6,
    residual: 8,
    depth: 2,
    heads: 2,
    blocks,
    labels: 3,
    ...changes,
  }),
  feeds: inputs([
    { name: 'input_ids', dtype: 'int64', shape: [2, 6], fill: 'randint:11' },
    { name: 'attention_mask', dtype: 'int64', shape: [2, 6], fill: 'ones' },
  ]),
});

const vit = (changes: object) => ({
  model: buildVit({ image: 8, patch: 4, residual: 8, depth: 2, heads: 2, classes: 3, blocks, ...changes }),
  feeds: inputs([{ name: 'input', dtype: 'float', shape: [2, 3, 8, 8], fill: 'normal' }]),
});

const MODELS: Record<string, () => { model: Model; feeds: Feeds }> = {
  'a ViT with one product for queries, keys and values': () => vit({}),
  'a ViT with a product each, GELU as one operator': () => vit({ qkv: 'separate', gelu: 'operator' }),
  'an encoder, norms behind': () => encoderOf({}),
  'an encoder, norms taken apart in front': () =>
    encoderOf({ order: 'pre-norm', norm: 'decomposed', linear: 'gemm', targets: 'shape' }),
  'an encoder whose head is its embedding': () => encoderOf({ labels: 'tied', biases: 'shared', qkv: 'sliced' }),
  'grouped queries with a rotation and a gate': () =>
    transformer({ heads: 4, queriesPerKey: 2, rotary: 'halves', gate: 'silu', norm: 'rms', mask: 'causal' }),
  'einsums, talking heads and a table of positions': () =>
    transformer({ attention: 'einsum', linear: 'einsum', talkingHeads: true, mask: 'relative', rotary: 'pairs' }),
  'cross attention of token ids': () => transformer({ cross: true, order: 'post', layerScale: true }, 'ids'),
  'a caption decoder': () => spelled({ graph: 'encoder-decoder', head: 'tied', opset: 13, input: 'patches' }),
  'two towers': () => spelled({ graph: 'two-towers', head: 'mean', sizes: 'torchscript' }),
  'a stem of convolutions': () => spelled({ input: 'stem-normed', opset: 11, sizes: 'dynamo' }),
  'experts and windows': () => spelled({ blocks: block({ window: 'shifted-rows' }, { form: 'experts' }), opset: 20 }),
  'past keys and values': () => spelled({ blocks: block({ cache: 'concat' }), input: 'ids' }),
  'a branch': () => spelled({ blocks: block({}, { control: 'if-computed' }) }),
  'a function of its own': () => spelled({ blocks: block({}, { control: 'function' }) }),
};

describe('gradients of whole models are what differences say', () => {
  it.each(Object.entries(MODELS))('%s', async (_, build) => {
    const { model, feeds } = build();
    const [worst] = await gradientErrors(model, feeds);
    expect(worst.error, worst.name).toBeLessThan(MOST);
  });
});

/** Small ones of several exporters. */
const FEW = ['hf_clip_vision_torchscript_op17_sdpa.onnx', 'llama_like_gqa_rope.onnx'];

const shared = sharedModels().filter(({ file, path }) => (WANTED ? path.includes(WANTED) : FEW.includes(file)));
if (sharedModels().length === 0) console.warn('Skipped: real exports. There is no ../shared beside the repository.');

describe.skipIf(shared.length === 0)('gradients of real exports', () => {
  it.each(shared.map((each) => [each.file, each] as const))('%s', async (file, { path, inputs: specs }) => {
    const [worst] = await gradientErrors(await readModel(path), inputs(specs, { batch: 2 }));
    if (WANTED) console.log(`${file}: ${worst.error.toExponential(1)} (${worst.name})`);
    expect(worst.error, worst.name).toBeLessThan(MOST);
  });
});

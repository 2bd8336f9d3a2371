import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cloneModel, inferShapes, type Model, settleRandomness } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import { onnxRuntime } from '@snp/runtime';
import { buildEncoder, buildTransformer, buildVit, PLAIN_BLOCK, sharedFolder } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { applyPlan, emptyPlan, findInputs, prepare } from '../support/core.js';

const shared = sharedFolder();
const files = shared
  ? ['cases', 'corpus', 'zoo', 'models'].flatMap((folder) =>
      existsSync(join(shared, folder))
        ? readdirSync(join(shared, folder))
            .filter((file) => file.endsWith('.onnx'))
            .map((file) => join(folder, file))
        : [],
    )
  : [];
if (files.length === 0) {
  console.warn('skipped: plans that remove nothing, on real exports, because ../shared is missing');
  it.skip('plans that remove nothing, on real exports, because ../shared is missing');
}

/** Files that onnxruntime itself does not run here, whatever it is given: with its words for it. */
const CANNOT_RUN: Readonly<Record<string, RegExp>> = {
  'corpus/attention_distilbert.onnx': /input_shape_size == requested_shape_size/,
  'corpus/packed_attention_fp32.onnx': /RestorePadding/,
};

/** As the graph is written: the runtime's own rewrites may round otherwise. */
const runtime = onnxRuntime({ optimization: 'disabled' });

/** Answers of the original, and of what a plan that removes nothing makes of it, on the same inputs. */
async function answersOf(file: Model) {
  // Those that were exported while training answer otherwise each time.
  const original = cloneModel(file);
  settleRandomness(original);
  const shapes = inferShapes(original);
  const session = await runtime.open(original);
  const { feeds, answers } = await findInputs(original, shapes, (own) => session.run(own), {
    seed: 2,
    batch: 1,
  }).finally(() => session.close());
  const analysis = prepare(original, { allowNothing: true });
  const after = await runtime.open(applyPlan(analysis, emptyPlan(analysis)));
  try {
    return [Object.values(answers), Object.values(await after.run(feeds))];
  } finally {
    await after.close();
  }
}

async function expectUnchanged(model: Model): Promise<void> {
  const [want, got] = await answersOf(model);
  expect(got.map(({ dims }) => [...dims])).toEqual(want.map(({ dims }) => [...dims]));
  for (const [at, { data }] of want.entries())
    expect(Buffer.compare(bytesOf(got[at].data as Float32Array), bytesOf(data as Float32Array)), `output ${at}`).toBe(
      0,
    );
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);

describe('a plan that removes nothing gives back the answers of the input bit for bit', () => {
  it.each(files)('%s', async (file) => {
    const unchanged = readModel(join(shared!, file)).then(expectUnchanged);
    if (CANNOT_RUN[file]) await expect(unchanged).rejects.toThrow(CANNOT_RUN[file]);
    else await unchanged;
  });

  const encoder = { vocabulary: 40, positions: 16, residual: 24, depth: 2, heads: 3, labels: 5 } as const;
  const blocks = { queryKey: 8, value: 8, ffn: 32 };
  const block = { ...PLAIN_BLOCK, norm: 'decomposed', rotary: 'halves', queryKeyNorm: 'rms', mask: 'causal' } as const;
  it.each([
    [
      'an encoder, with all that exporters compute',
      () =>
        buildEncoder({
          ...encoder,
          blocks,
          attentionScale: 'shape',
          biases: 'identity',
          norm: 'decomposed',
          qkv: 'sliced',
          linear: 'gemm',
          targets: 'shape',
          weights: 'constants',
        }),
    ],
    [
      'a Vision Transformer',
      () => buildVit({ image: 16, patch: 4, residual: 24, depth: 2, heads: 3, blocks, classes: 7 }),
    ],
    [
      'a decoder with rotary embedding, in pieces',
      () => buildTransformer({ seed: 1, residual: 8, blocks: [block, block], input: 'ids', head: true, noise: 0.8 }),
    ],
    [
      'attention as one operator',
      () =>
        buildTransformer({
          seed: 2,
          residual: 8,
          blocks: [{ ...PLAIN_BLOCK, attention: 'fused', norm: 'skip' }],
          input: 'features',
          head: false,
          noise: 0.3,
        }),
    ],
  ])('%s', (_, build) => expectUnchanged(build()));
});

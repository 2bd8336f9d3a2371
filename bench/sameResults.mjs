// `node bench/sameResults.mjs FOLDER [CASE...]`: hashes of the files that `prune` writes for eleven models and settings, one line each, so that two releases can be
// held against each other on one machine. FOLDER holds `models`, `zoo` and `data` as named below.
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { criterionByName, prune } from '@snp/core';
import { readModel } from '@snp/onnx/node';
import { blockPruning } from '@snp/plugin-block';
import { headPruning } from '@snp/plugin-head';
import { openCalibration, tensors } from '@snp/runtime';
import { inputsOf } from './support/inputsOf.mjs';

const [folder, ...chosen] = process.argv.slice(2);
const deit = 'models/deit_tiny_patch16_224.onnx';
const imagenet = { data: 'data/imagenet-sample', limit: 36 };
const cifar = { data: 'data/cifar10/calibration', limit: 64 };

/** Latency that is the share of multiply-accumulates and a little more for odd widths: measures nothing, so that plans are the same every time. */
const latency = {
  name: 'by hand',
  async learn() {
    const at = (widths) => {
      const all = Object.values(widths);
      return 1 - all.reduce((sum, width) => sum + 1 / (4 + width), 0) / 12;
    };
    return { fullMs: 10, at };
  },
  async compare(original, pruned) {
    const size = (model) => model.graph.initializers.reduce((sum, { tensor }) => sum + tensor.size, 0);
    const ratio = size(pruned) / size(original);
    return { before: 10, after: 10 * ratio, ratio };
  },
};

/** Token ids of a sentence that is the same every time. */
function sentences(model, count) {
  const inputs = inputsOf(model);
  const data = Array.from({ length: count }, (_, sentence) =>
    Object.fromEntries(
      inputs.map(({ name }) => {
        const id = (at) => BigInt((sentence * 131 + at * at * 17 + at * 7) % 100);
        const fill = (at) =>
          /mask/.test(name) ? 1n : /type/.test(name) ? 0n : /position/.test(name) ? BigInt(at) : id(at);
        return [name, { type: 'INT64', dims: [1, 12], data: BigInt64Array.from({ length: 12 }, (_, at) => fill(at)) }];
      }),
    ),
  );
  return tensors(data, { count });
}

const cases = [
  ...[0.73, 0.62, 0.5].map((macs) => [`DeiT-Tiny ${macs}`, deit, imagenet, { budget: { macs } }]),
  ['DeiT-Tiny with heads', deit, imagenet, { budget: { macs: 0.62 }, plugins: [headPruning()] }],
  ['DeiT-Tiny with blocks', deit, imagenet, { budget: { macs: 0.7 }, plugins: [headPruning(), blockPruning()] }],
  ['CIFAR ViT, budget', 'models/vit_cifar10_ibp_3_3_8.onnx', cifar, { budget: { params: 0.6 } }],
  [
    'CIFAR ViT, ridge',
    'models/vit_cifar10_pgd_2_3_16.onnx',
    cifar,
    { ratios: { ffn: 0.5, 'query-key': 0.25 }, compensation: 'ridge' },
  ],
  [
    'EfficientFormer, criterion',
    'models/efficientformer_l1.onnx',
    imagenet,
    { budget: { macs: 0.8 }, criterion: criterionByName('activation') },
  ],
  ['BERT-like', 'zoo/bert_like.onnx', undefined, { budget: { macs: 0.6 } }],
  ['preset', deit, imagenet, { preset: 'snp-deit-tiny' }],
  ['latency', deit, { ...imagenet, limit: 16 }, { latency: { on: latency, share: 0.8 } }],
];

const temporary = await mkdtemp(join(tmpdir(), 'snp-same-'));
try {
  for (const [name, file, source, options] of cases) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    const start = performance.now();
    const model = await readModel(join(folder, file));
    const inputs = inputsOf(model);
    const calibration = source
      ? await openCalibration(join(folder, source.data), { inputs, every: 2, limit: source.limit })
      : sentences(model, 40);
    const result = await prune(model, { ...options, calibration });
    const out = join(temporary, 'out.onnx');
    await result.write(out);
    const hash = createHash('sha256')
      .update(await readFile(out))
      .digest('hex');
    const { divergence } = result.report.fidelity ?? {};
    process.stdout.write(
      `${hash.slice(0, 16)}  ${name}, divergence ${divergence?.toPrecision(6)}, ${((performance.now() - start) / 1000).toFixed(0)} s\n`,
    );
  }
} finally {
  await rm(temporary, { recursive: true });
}

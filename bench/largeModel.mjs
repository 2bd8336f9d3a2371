// `node bench/largeModel.mjs`: peak memory of pruning a Vision Transformer of 3 GB with external data to half its neurons, as a multiple of its largest tensor and of
// the file. Takes 8 GB of disk in the temporary folder and, to make the model, 8 GB of memory in another process.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { criterionByName, prune } from '@snp/core';
import { readModel, writeModel } from '@snp/onnx/node';
import { buildVit, VIT_DEFAULTS } from '@snp/testing';

const [, self, step, path, copy] = process.argv;
const again = (...args) =>
  execFileSync(process.execPath, [fileURLToPath(import.meta.url), ...args], { encoding: 'utf8' });

if (step === 'make') {
  const size = { image: 32, patch: 8, residual: 2048, depth: 16, heads: 16, classes: 10 };
  const blocks = { queryKey: 128, value: 128, ffn: 8192 };
  await writeModel(buildVit({ ...VIT_DEFAULTS, ...size, blocks }), path, { weights: 'external' });
} else if (step === 'prune') {
  const ratios = { 'query-key': 0.5, value: 0.5, ffn: 0.5 };
  const start = performance.now();
  const { write } = await prune(path, { ratios, criterion: criterionByName('l2') });
  await write(copy);
  const { maxRSS } = process.resourceUsage();
  process.stdout.write(JSON.stringify({ peak: maxRSS * 1024, seconds: (performance.now() - start) / 1000 }));
} else if (existsSync(self)) {
  const folder = await mkdtemp(join(tmpdir(), 'snp-large-'));
  try {
    const [model, pruned] = [join(folder, 'large.onnx'), join(folder, 'pruned.onnx')];
    again('make', model);
    const { peak, seconds } = JSON.parse(again('prune', model, pruned));
    const bytes = (await stat(`${model}.data`)).size;
    const after = (await stat(`${pruned}.data`)).size;
    const { graph } = await readModel(model);
    const largest = Math.max(...graph.initializers.map(({ tensor }) => tensor.byteLength));
    const mega = (size) => `${(size / 1e6).toFixed(0)} MB`;
    process.stdout.write(
      `file ${mega(bytes)}, pruned ${mega(after)}, largest tensor ${mega(largest)}, peak ${mega(peak)} (${(peak / bytes).toFixed(2)} of the file), ${seconds.toFixed(0)} s\n`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

// `node bench/inspectTime.mjs [NODES]`: seconds and peak memory of `snp inspect` for graphs of a sixteenth, an eighth, a fourth, a half and all of so many nodes (default
// 50,000): a Transformer, a graph without weights, and one of branches and concatenations; and of `prune` by a ratio, its proof left out, for the Transformer.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeModel } from '@snp/onnx/node';
import { largeEntangled, largeTransformer, largeWithoutWeights } from './support/largeGraphs.mjs';
import { node } from './support/timing.mjs';

const [most = 50_000] = process.argv.slice(2).map(Number);
const sizes = [16, 8, 4, 2, 1].map((part) => Math.round(most / part));
const snp = fileURLToPath(import.meta.resolve('../apps/cli/bin/snp.js'));
const peakOf = fileURLToPath(import.meta.resolve('./support/peakMemory.mjs'));
const folder = await mkdtemp(join(tmpdir(), 'snp-bench-'));
const path = join(folder, 'model.onnx');
const out = join(folder, 'pruned.onnx');
const prune = [
  'prune',
  path,
  '--ratio',
  'ffn=0.5',
  '--ratio',
  'value=0.5',
  '--criterion',
  'l2',
  '--no-verify',
  '-o',
  out,
];
const cases = [
  ['Transformer', largeTransformer, ['inspect', path]],
  ['no weights', largeWithoutWeights, ['inspect', path]],
  ['branches and concatenations', largeEntangled, ['inspect', path]],
  ['Transformer, pruned', largeTransformer, prune],
];
try {
  process.stdout.write(`| graph | ${sizes.join(' | ')} | peak memory |\n| --- |${' --- |'.repeat(sizes.length + 1)}\n`);
  for (const [name, build, command] of cases) {
    const row = [];
    let peak = 0;
    for (const size of sizes) {
      await writeModel(build(size), path);
      const start = performance.now();
      peak = Number((await node('--import', peakOf, snp, ...command)).trim().split('\n').at(-1));
      row.push(((performance.now() - start) / 1000).toFixed(1));
    }
    process.stdout.write(`| ${[name, ...row, `${(peak / 1e6).toFixed(0)} MB`].join(' | ')} |\n`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

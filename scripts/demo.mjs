// The main job on the example model: calibrate on drawn pictures, prune, verify, and measure before and after.
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare, costOf, prune, verify } from '@snp/core';
import { readModel } from '@snp/onnx/node';
import { images, onnxRuntime } from '@snp/runtime';
import { SEEDS, writePictures } from '../examples/shapes/pictures.mjs';
import { measureLatency } from './measureLatency.mjs';

const example = fileURLToPath(new URL('../examples/shapes/', import.meta.url));
const original = join(example, 'vit-shapes.onnx');
const folder = await mkdtemp(join(tmpdir(), 'snp-demo-'));
const say = (text) => process.stdout.write(`${text}\n`);

try {
  say('\nPruning examples/shapes/vit-shapes.onnx, a Vision Transformer that tells ten shapes apart.\n');
  say('  drawing 64 calibration and 1,000 held-out pictures ...');
  await writePictures(join(folder, 'calibration'), { count: 64, seed: SEEDS.calibration });
  await writePictures(join(folder, 'held-out'), { count: 1000, seed: SEEDS.test });

  const runtime = onnxRuntime();
  const model = await readModel(original);
  const input = { name: 'pixels', type: 'FLOAT', dims: [undefined, 3, 32, 32] };
  const preprocess = join(example, 'preprocessor_config.json');
  const calibration = await images(join(folder, 'calibration'), { input, preprocess });
  const data = await images(join(folder, 'held-out'), { input, preprocess });

  const rows = [];
  const results = [];
  for (const keep of [0.8, 0.5]) {
    say(`  pruning to ${keep * 100} % of the multiply-accumulates, and verifying ...`);
    const result = await prune(model, { budget: { macs: keep }, calibration, runtime });
    const path = join(folder, `vit-shapes.${keep * 100}.onnx`);
    await result.write(path);
    const proof = await verify(result.analysis, path, result.plan, { runtime });
    if (!proof.passed) throw new Error(`the pruned model differs from the masked original by ${proof.difference}`);
    results.push({
      keep,
      path,
      result,
      proof,
      accuracy: await compare(original, path, { runtime, data, batchSize: 16 }),
    });
  }

  say('  measuring latency, the models taking turns ...\n');
  const latency = await measureLatency([original, ...results.map(({ path }) => path)], input, { rounds: 40 });
  const cost = costOf(model);
  rows.push(row('original', cost.params, cost.macs, await size(original), latency[0], results[0].accuracy.first.top1));
  for (const [at, { keep, path, result, accuracy }] of results.entries()) {
    const { params, macs } = result.report.cost.after;
    rows.push(
      row(`${keep * 100} % of the MACs`, params, macs, await size(path), latency[at + 1], accuracy.second.top1),
    );
  }
  table(['', 'params', 'MACs', 'file', 'latency', 'top-1'], rows);
  say('\nEach pruned model was proven equal to the compensated original with the removed neurons set to zero');
  say(
    `(largest relative difference ${Math.max(...results.map(({ proof }) => proof.difference)).toExponential(1)}). No retraining, no labels; top-1 on 1,000 held-out pictures.`,
  );
  say('Latency is the median of one picture on this machine. Next: npx snp inspect examples/shapes/vit-shapes.onnx\n');
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);

async function size(path) {
  return (await stat(path)).size;
}

function row(name, params, macs, bytes, milliseconds, top1) {
  return [
    name,
    `${(params / 1e6).toFixed(3)} M`,
    `${(macs / 1e6).toFixed(1)} M`,
    `${(bytes / 1e6).toFixed(2)} MB`,
    `${milliseconds.toFixed(2)} ms`,
    `${(top1 * 100).toFixed(1)} %`,
  ];
}

function table(head, rows) {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((cells) => cells[column].length)));
  for (const cells of [head, ...rows]) {
    say(
      `  ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('   ')}`,
    );
  }
}

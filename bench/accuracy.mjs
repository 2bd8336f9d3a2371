// `node bench/accuracy.mjs [MODEL DATA [PRESET]]`: accuracy after pruning by each criterion, as a Markdown table. Every
// second sample calibrates, the others measure. Default: the example model on pictures drawn for it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare, criterionByName, criterionNames, prune } from '@snp/core';
import { readModel } from '@snp/onnx/node';
import { onnxRuntime, openCalibration } from '@snp/runtime';
import { SEEDS, writePictures } from '../examples/shapes/pictures.mjs';

const example = fileURLToPath(new URL('../examples/shapes/', import.meta.url));
const [model = join(example, 'vit-shapes.onnx'), data, preset] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'snp-accuracy-'));
const CALIBRATION = 256;

try {
  if (!data) await writePictures(folder, { count: 2000, seed: SEEDS.test });
  const original = await readModel(model);
  const inputs = original.graph.inputs
    .filter((input) => !input.tensor)
    .map((input) => ({ name: input.name, type: input.type.elementType, dims: input.type.shape }));
  const preprocess = data ? undefined : join(example, 'preprocessor_config.json');
  const open = (options) => openCalibration(data ?? folder, { inputs, preprocess, every: 2, ...options });
  const runtime = onnxRuntime();
  const targets = [0.9, 0.73, 0.5].map((macs) => ({ name: `${macs * 100} % of the MACs`, budget: { macs } }));
  if (preset) targets.push({ name: preset, preset });
  print(['top-1', ...targets.map(({ name }) => name)]);
  print(['---', ...targets.map(() => '---')]);
  let before;
  for (const name of criterionNames) {
    const cells = [];
    for (const { name: _, ...target } of targets) {
      const calibration = await open({ limit: CALIBRATION });
      const result = await prune(original, {
        ...target,
        criterion: criterionByName(name),
        recovery: 'none',
        calibration,
        runtime,
      });
      const path = join(folder, 'pruned.onnx');
      await result.write(path);
      const { first, second, fidelity } = await compare(model, path, { runtime, data: await open({ start: 1 }) });
      before = first;
      cells.push(`${percent(second.top1)} (agrees ${percent(fidelity.agreement)})`);
    }
    print([name, ...cells]);
  }
  process.stdout.write(`\nThe original: ${percent(before.top1)} on ${before.samples} pictures.\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);

function print(cells) {
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

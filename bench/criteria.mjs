// `node bench/criteria.mjs [MODEL DATA [PLUGIN...]]`: accuracy after pruning by each criterion, without recovery and with `ridge`, and with `full` recovery,
// which chooses by itself, as Markdown tables. Samples at even positions calibrate (at most 256), those at odd ones measure. PLUGIN is a JavaScript file
// whose default export is a criterion. Default: the example model on pictures drawn for it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { calibrate, compare, criterionByName, criterionNames, prune } from '@snp/core';
import { readModel } from '@snp/onnx/node';
import { onnxRuntime, openCalibration } from '@snp/runtime';
import { SEEDS, writePictures } from '../examples/shapes/pictures.mjs';

const BUDGETS = [0.8, 0.65, 0.5];
const CALIBRATION = 256;
const example = fileURLToPath(new URL('../examples/shapes/', import.meta.url));
const [path = join(example, 'vit-shapes.onnx'), data, ...plugins] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'snp-criteria-'));
const runtime = onnxRuntime();

try {
  if (!data) await writePictures(folder, { count: 2000, seed: SEEDS.test });
  const original = await readModel(path);
  const inputs = original.graph.inputs
    .filter((input) => !input.tensor)
    .map((input) => ({ name: input.name, type: input.type.elementType, dims: input.type.shape }));
  const preprocess = data ? undefined : join(example, 'preprocessor_config.json');
  const open = (options) => openCalibration(data ?? folder, { inputs, preprocess, every: 2, ...options });
  const openCalibrationPart = () => open({ limit: CALIBRATION });
  const statistics = await calibrate(original, { calibration: await openCalibrationPart(), effects: false, runtime });

  /** Accuracy of what pruning gives, in words, and what gave it. */
  const outcomeOf = async (options) => {
    const result = await prune(original, { allocation: 'even', holdBack: false, runtime, ...options });
    const pruned = join(folder, 'pruned.onnx');
    await result.write(pruned);
    const { first, second, fidelity } = await compare(path, pruned, { runtime, data: await open({ start: 1 }) });
    return { ...result, first, cell: `${percent(second.top1)} (${percent(fidelity.agreement)})` };
  };

  const rows = { none: [], ridge: [] };
  const criteria = [...criterionNames.map((name) => criterionByName(name)), ...(await Promise.all(plugins.map(load)))];
  let before;
  for (const criterion of criteria) {
    const cells = { none: [], ridge: [] };
    for (const macs of BUDGETS) {
      const calibration = await openCalibrationPart();
      const none = await outcomeOf({ budget: { macs }, criterion, recovery: 'none', calibration });
      // The same neurons leave.
      const ridge = await outcomeOf({ plan: none.plan, recovery: 'ridge', statistics, allocation: undefined });
      before = none.first;
      cells.none.push(none.cell);
      cells.ridge.push(ridge.cell);
      process.stderr.write(`${criterion.name} ${macs}: ${none.cell} ${ridge.cell}\n`);
    }
    for (const kind of ['none', 'ridge']) rows[kind].push([`\`${criterion.name}\``, ...cells[kind]]);
  }
  const full = ['recovery `full`, by itself'];
  for (const macs of BUDGETS) {
    const calibration = await openCalibrationPart();
    full.push((await outcomeOf({ budget: { macs }, recovery: 'full', statistics, calibration })).cell);
  }
  rows.ridge.push(full);
  process.stdout.write(`The original: ${percent(before.top1)} on ${before.samples} pictures.\n`);
  for (const [kind, title] of [
    ['none', 'without recovery'],
    ['ridge', 'with `ridge`'],
  ]) {
    process.stdout.write('\n');
    for (const cells of [
      [title, ...BUDGETS.map((macs) => `${Math.round(macs * 100)} % of the MACs`)],
      ['---', ...BUDGETS.map(() => '---')],
      ...rows[kind],
    ])
      process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);

async function load(file) {
  return (await import(pathToFileURL(resolve(file)))).default;
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

// `node bench/criteria.mjs [MODEL DATA [CRITERION...]]`: accuracy after pruning by each criterion, without compensation and with `ridge`, as Markdown tables.
// Samples at even positions calibrate (at most 256), those at odd ones measure. CRITERION is a name, a JavaScript file whose default export is a
// criterion, or `full` for compensation `full`, which chooses by itself; default: all built-in ones and `full`. Default model: the example, on pictures drawn for it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { apply, calibrateModel, criterionByName, criterionNames, prune } from '@snp/core';
import { readModel } from '@snp/onnx/node';
import { onnxRuntime, openCalibration, runSamples } from '@snp/runtime';
import { SEEDS, writePictures } from '../examples/shapes/pictures.mjs';
import { inputsOf } from './support/inputsOf.mjs';

const BUDGETS = [0.8, 0.65, 0.5];
const CALIBRATION = 256;
const example = fileURLToPath(new URL('../examples/shapes/', import.meta.url));
const [path = join(example, 'vit-shapes.onnx'), data, ...chosen] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'snp-criteria-'));
const runtime = onnxRuntime();

try {
  if (!data) await writePictures(folder, { count: 2000, seed: SEEDS.test });
  const original = await readModel(path);
  const inputs = inputsOf(original);
  const preprocess = data ? undefined : join(example, 'preprocessor_config.json');
  const open = (options) =>
    openCalibration(data ?? folder, { inputs, preprocess, every: 2, ...options }).then(inMemory);
  const [calibration, test] = [await open({ limit: CALIBRATION }), await open({ start: 1 })];
  const statistics = await calibrateModel(original, { calibration, sensitivity: false, runtime });
  const before = await answersOf(original, test);

  /** Accuracy of what pruning gives, and how often it answers like the original, in words; and the plan. */
  const outcomeOf = async (options) => {
    const { model, plan } = await prune(original, {
      allocation: 'even',
      holdBack: false,
      reconstruct: false,
      runtime,
      ...options,
    });
    return { plan, cell: await cellOf(model) };
  };
  const cellOf = async (model) => {
    const after = await answersOf(model, test);
    return `${percent(shareOfEqual(after, test.labels))} (${percent(shareOfEqual(after, before))})`;
  };

  const rows = { none: [], ridge: [] };
  const wanted = chosen.length > 0 ? chosen : [...criterionNames, 'full'];
  for (const criterion of await Promise.all(wanted.filter((name) => name !== 'full').map(load))) {
    const cells = { none: [], ridge: [] };
    for (const macs of BUDGETS) {
      const none = await outcomeOf({ budget: { macs }, criterion, compensation: 'none', calibration });
      // The same neurons leave.
      const { model } = await apply(original, none.plan, {
        compensation: 'ridge',
        statistics,
        holdBack: false,
        runtime,
      });
      const ridge = { cell: await cellOf(model) };
      cells.none.push(none.cell);
      cells.ridge.push(ridge.cell);
    }
    for (const kind of ['none', 'ridge']) rows[kind].push([`\`${criterion.name}\``, ...cells[kind]]);
  }
  if (wanted.includes('full')) {
    const cells = [];
    for (const macs of BUDGETS) {
      const full = await outcomeOf({ budget: { macs }, compensation: 'full', statistics, calibration });
      cells.push(full.cell);
    }
    rows.ridge.push(['compensation `full`, by itself', ...cells]);
  }
  process.stdout.write(`The original: ${percent(shareOfEqual(before, test.labels))} of ${test.count} pictures.\n`);
  for (const [kind, title] of [
    ['none', 'without compensation'],
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

/** Samples that are used many times, decoded once. */
async function inMemory(calibration) {
  const samples = [];
  for await (const sample of calibration.samples()) samples.push(sample);
  return {
    count: samples.length,
    labels: samples.map(({ label }) => label),
    skipped: calibration.skipped,
    async *samples() {
      yield* samples;
    },
  };
}

/** The class that a model gives each sample. */
async function answersOf(model, calibration) {
  const answers = [];
  await runSamples({ model, runtime, calibration }, (outputs, samples) => {
    const [{ data: scores }] = Object.values(outputs);
    const width = scores.length / samples.length;
    for (const at of samples.keys()) {
      const row = scores.subarray(at * width, (at + 1) * width);
      answers.push(row.indexOf(Math.max(...row)));
    }
  });
  return answers;
}

function shareOfEqual(some, others) {
  return some.filter((one, at) => one === others[at]).length / some.length;
}

async function load(criterion) {
  if (criterionNames.includes(criterion)) return criterionByName(criterion);
  return (await import(pathToFileURL(resolve(criterion)))).default;
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

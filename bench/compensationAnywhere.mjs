// `node bench/compensationAnywhere.mjs MODEL...`: compensation on any models with random inputs, a quarter of the neurons leaving every group: the error of the first output on
// other inputs with and without compensation, what it did and why not more, as a Markdown table.
import { basename } from 'node:path';
import { criterionByName, prepare, prune } from '@snp/core';
import { randomFeeds } from '@snp/core/inputs';
import { readModel } from '@snp/onnx/node';
import { onnxRuntime, tensors } from '@snp/runtime';
import { relativeError } from '@snp/testing';

const runtime = onnxRuntime();
process.stdout.write(
  '| model | error without | with compensation | what it did | fault |\n| --- | --- | --- | --- | --- |\n',
);
for (const path of process.argv.slice(2)) {
  const row = { without: '', full: '', done: '', fault: '' };
  try {
    const model = await readModel(path);
    const analysis = prepare(model);
    const feeds = (seed) => randomFeeds(analysis.model, analysis.shapes, { seed, batch: 1, other: 8 });
    const kinds = [...new Set(analysis.groups.map(({ kind }) => kind))].filter((kind) =>
      /query-key|value|ffn/.test(kind),
    );
    const calibration = tensors(
      async function* () {
        for (let seed = 1; seed <= 24; seed++) yield feeds(seed);
      },
      { count: 24 },
    );
    const options = { ratios: Object.fromEntries(kinds.map((kind) => [kind, 0.25])), calibration, runtime };
    const full = await prune(model, options);
    const plain = await prune(model, { ...options, criterion: criterionByName('snp'), compensation: 'none' });
    const error = async (pruned) => {
      const [a, b] = [await runtime.open(model), await runtime.open(pruned)];
      let sum = 0;
      for (let seed = 101; seed <= 104; seed++) {
        const [want, got] = [Object.values(await a.run(feeds(seed)))[0], Object.values(await b.run(feeds(seed)))[0]];
        sum += relativeError(got.data, want.data) / 4;
      }
      await Promise.all([a.close(), b.close()]);
      return sum;
    };
    const [without, recovered] = [await error(plain.model), await error(full.model)];
    Object.assign(row, { without: without.toExponential(2), full: recovered.toExponential(2) });
    const outcomes = full.report.groups
      .filter(({ removed }) => removed.length > 0)
      .map(({ kind, compensation }) => `${kind}: ${compensation}`);
    row.done = [...new Set(outcomes)].join('; ');
    if (recovered > without) row.fault = 'worse with compensation';
  } catch (error) {
    row.fault = error.message.slice(0, 300);
  }
  process.stdout.write(`| ${[basename(path, '.onnx'), row.without, row.full, row.done, row.fault].join(' | ')} |\n`);
}
process.exit(0);

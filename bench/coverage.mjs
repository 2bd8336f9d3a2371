// `node bench/coverage.mjs MODEL...`: how much of each model can be pruned, how long its analysis takes, and what keeps the rest, as a Markdown table.
import { basename } from 'node:path';
import { costOf, prepare } from '@snp/core';
import { coverageOf } from '@snp/core/planning';
import { readModel } from '@snp/onnx/node';

const percent = (share) => `${(100 * share).toFixed(1)} %`;
process.stdout.write(
  '| model | nodes | analysis, s | blocks | groups | of MACs | of params | largest parts that are frozen |\n',
);
process.stdout.write('| --- | --- | --- | --- | --- | --- | --- | --- |\n');
for (const path of process.argv.slice(2)) {
  const name = basename(path, '.onnx');
  try {
    const model = await readModel(path);
    const start = performance.now();
    const analysis = prepare(model, { allowNothing: true });
    const seconds = (performance.now() - start) / 1000;
    const { macs, params } = coverageOf(analysis);
    const row = [name, model.graph.nodes.length, seconds.toFixed(2), analysis.blocks.length, analysis.groups.length];
    process.stdout.write(`| ${[...row, percent(macs), percent(params), reasons(analysis)].join(' | ')} |\n`);
  } catch (error) {
    process.stdout.write(`| ${name} | | | | | | | ${error.message} |\n`);
  }
}

/** Reasons by the MACs of the nodes behind the weights they freeze, the greatest first. */
function reasons({ model, shapes, frozen, groups }) {
  const pruned = new Set(groups.flatMap(({ members }) => members.map(({ initializer }) => initializer)));
  const macs = new Map(costOf(model, { shapes }).nodes.map((cost) => [cost.node, cost.macs ?? 0]));
  const byReason = new Map();
  const seen = new Set();
  for (const { members, reason } of frozen) {
    for (const { initializer } of members) {
      if (pruned.has(initializer) || seen.has(initializer)) continue;
      seen.add(initializer);
      const cost = [...initializer.uses].reduce((sum, { node }) => sum + (macs.get(node) ?? 0), 0);
      const text = `${reason.operator ?? ''} ${reason.reason}`.trim();
      byReason.set(text, (byReason.get(text) ?? 0) + cost);
    }
  }
  const sorted = [...byReason].filter(([, cost]) => cost > 0).sort((a, b) => b[1] - a[1]);
  return sorted
    .slice(0, 3)
    .map(([text]) => text)
    .join('; ');
}

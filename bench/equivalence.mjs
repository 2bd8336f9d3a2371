// `node bench/equivalence.mjs [--fill] [--seeds N] MODEL...`: largest relative difference between pruned models and masked originals, over random plans that keep 75, 50 and
// 25 % of each kind of group and of all of them, as a Markdown table. Inputs are random numbers; with --fill the weights in groups are, too.
import { basename } from 'node:path';
import { prepare, verify } from '@snp/core';
import { emptyPlan, laneWidth } from '@snp/core/planning';
import { applyPlan, selectUnits } from '@snp/core/stages';
import { Tensor } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import { onnxRuntime } from '@snp/runtime';
import { normals, random } from '@snp/testing';

const args = process.argv.slice(2);
const fill = args[0] === '--fill' && args.shift() !== undefined;
const seeds = args[0] === '--seeds' ? Number(args.splice(0, 2)[1]) : 1;
const runtime = onnxRuntime();

function randomPlan(analysis, pick, share, seed) {
  const plan = emptyPlan(analysis);
  for (const group of analysis.groups.filter(pick)) {
    const draw = random(seed, group.id);
    const scores = Float64Array.from({ length: group.units }, () => draw.uniform());
    const keep = Math.max(1, Math.round(laneWidth(group) * share));
    plan.groups[group.id] = { units: group.units, lanes: group.lanes, keep: selectUnits(group, scores, keep) };
  }
  return plan;
}

/** Normal numbers in all weights of groups: some test models hold equal ones, which hide mistakes. */
function fillWeights({ groups }) {
  for (const value of new Set(groups.flatMap(({ members }) => members.map(({ initializer }) => initializer)))) {
    const { dataType, dims, size } = value.tensor;
    const numbers = normals(random(1, value.name), size).map((number) => number / Math.sqrt(dims[0]));
    value.tensor = Tensor.fromNumbers(dataType, dims, numbers);
  }
}

process.stdout.write(
  '| model | groups | plans | largest difference | least change by a plan | faults |\n| --- | --- | --- | --- | --- | --- |\n',
);
let failed = false;
for (const path of args) {
  let [plans, worst, least] = [0, 0, Number.POSITIVE_INFINITY];
  const faults = new Set();
  let analysis;
  try {
    analysis = prepare(await readModel(path), { allowNothing: true });
    if (fill) fillWeights(analysis);
    const half = analysis.model.graph.initializers.some(({ tensor }) => tensor.dataType.endsWith('FLOAT16'));
    const kinds = [...new Set(analysis.groups.map((group) => group.kind))];
    const picks = [...kinds.map((kind) => (group) => group.kind === kind), () => true];
    for (const pick of picks) {
      for (const share of [0.75, 0.5, 0.25]) {
        for (let seed = 1; seed <= seeds; seed++) {
          const plan = randomPlan(analysis, pick, share, seed);
          const pruned = applyPlan(analysis, plan);
          const tolerance = half ? 1e-2 : 1e-4;
          const { difference } = await verify(analysis, pruned, plan, { runtime, seed, tolerance });
          // The original itself is far from its masked form: a plan that changes nothing would prove nothing.
          const { difference: change } = await verify(analysis, analysis.model, plan, { runtime, seed });
          if (Object.keys(plan.groups).length > 0) least = Math.min(least, change);
          plans++;
          worst = Math.max(worst, difference);
          if (!(difference <= tolerance)) faults.add(`${kinds.join()} ${share}: ${difference}`);
        }
      }
    }
  } catch (error) {
    faults.add(error.message);
  }
  if (faults.size > 0) failed = true;
  const row = [
    basename(path, '.onnx'),
    analysis?.groups.length ?? '',
    plans,
    worst.toExponential(1),
    least.toExponential(1),
    [...faults].join('; '),
  ];
  process.stdout.write(`| ${row.join(' | ')} |\n`);
}
process.exit(failed ? 1 : 0);

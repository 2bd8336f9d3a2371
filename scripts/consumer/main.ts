// What somebody does who installed the packages: compiled in strict mode against their declarations, and run by plain Node.
// Nothing but published names; the model is a path on the command line.
import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnxRuntimeTarget, type Target } from '@snp/bench';
import { type Criterion, type PruneResult, prune, verify } from '@snp/core';
import { applyPlan } from '@snp/core/stages';
import { type Analysis, analyze } from '@snp/graph';
import { costOf, type Model, SnpError } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import { html } from '@snp/pages';
import { onnxRuntime, type Runtime, tensors } from '@snp/runtime';
import { l2 } from '@snp/score';

const [path] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'snp-consumer-'));

const model: Model = await readModel(path);
const analysis: Analysis = analyze(model);
assert.ok(analysis.groups.length > 0);

// The runtime is a peer of these packages: its process has to find the one of this project.
const runtime: Runtime = onnxRuntime();
const picture = (seed: number) => Float32Array.from({ length: 3 * 32 * 32 }, (_, at) => Math.sin(at * seed));
const calibration = tensors(
  Array.from({ length: 32 }, (_, at) => ({ pixels: { type: 'FLOAT', dims: [1, 3, 32, 32], data: picture(at + 1) } })),
);

// A criterion written as a plain object, beside one that comes with the packages.
const largest: Criterion = {
  name: 'largest',
  score: (group, statistics, context) => l2().score(group, statistics, context),
};
const result: PruneResult = await prune(model, { budget: { macs: 0.6 }, criterion: largest, calibration, runtime });
assert.ok(result.report.cost.after.macs <= 0.6 * result.report.cost.before.macs);
const pruned = join(folder, 'pruned.onnx');
await result.write(pruned);
assert.equal(costOf(await readModel(pruned)).macs, result.report.cost.after.macs);
const proof = await verify(result.analysis, pruned, result.plan, { runtime });
assert.ok(proof.passed, `the pruned model differs by ${proof.difference}`);

// By stages of one's own, the same.
assert.equal(costOf(applyPlan(result.analysis, result.plan)).macs, result.report.cost.after.macs);

const target: Target = onnxRuntimeTarget({ threads: 1 });
const probe = await target.probe();
assert.ok(probe.available, JSON.stringify(probe));

// One class of errors, from whichever package it comes.
await assert.rejects(readModel('nowhere.onnx'), (error) => error instanceof SnpError && error.code === 'io');

assert.equal(html`<b>${'<'}</b>`.text, '<b>&lt;</b>');
console.log(
  `pruned to ${Math.round((100 * result.report.cost.after.macs) / result.report.cost.before.macs)} % of the MACs`,
);

// `node bench/pruneCost.mjs MODEL|deit-base PICTURES [SHARE] [--limit N]`: the whole `snp prune --keep-macs SHARE` (default 0.62), all stages and checks, in plain inferences of its
// calibration pictures, which run before and after it on the same machine; the most memory that its processes took at once; and what each step took. `deit-base` is one of random weights.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readModel, writeModel } from '@snp/onnx/node';
import { onnxRuntime, openCalibration, runSamples } from '@snp/runtime';
import { buildVit, DEIT_BASE } from '@snp/testing';
import { inputsOf } from './support/inputsOf.mjs';

const given = process.argv.slice(2);
const at = given.indexOf('--limit');
const limit = at < 0 ? undefined : Number(given.splice(at, 2)[1]);
const [source, pictures, share = '0.62'] = given;
const snp = fileURLToPath(new URL('../apps/cli/bin/snp.js', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'snp-bench-'));
const inFolder = (name) => join(folder, name);

/** Seconds that all pictures take, read and run as the command does. */
async function inference(path, calibration) {
  const start = performance.now();
  await runSamples({ runtime: onnxRuntime(), model: path, calibration }, () => undefined);
  return (performance.now() - start) / 1000;
}

/** Bytes that a process and its children hold. */
async function bytesOf(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const own = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')),
  );
  const children = await Promise.all(lists.join(' ').split(' ').filter(Boolean).map(bytesOf));
  return children.reduce((sum, bytes) => sum + bytes, own);
}

async function prune(path) {
  const start = performance.now();
  const sized = limit === undefined ? [] : ['--limit', String(limit)];
  const options = ['--keep-macs', share, '--calib', pictures, ...sized, '-o', inFolder('pruned.onnx'), '--json'];
  const child = spawn(process.execPath, [snp, 'prune', path, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, messages, most] = ['', '', 0];
  child.stdout.on('data', (text) => (out += text));
  child.stderr.on('data', (text) => (messages += text));
  const watch = setInterval(async () => (most = Math.max(most, await bytesOf(child.pid))), 200);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`snp prune ended with ${code}: ${messages}${out}`);
  return { seconds: (performance.now() - start) / 1000, most, report: JSON.parse(out) };
}

try {
  let path = source;
  if (source === 'deit-base') {
    path = inFolder('base.onnx');
    await writeModel(buildVit({ ...DEIT_BASE, qkv: 'fused' }), path);
  }
  const inputs = inputsOf(await readModel(path));
  const calibration = await openCalibration(pictures, { inputs, ...(limit !== undefined && { limit }) });
  const before = await inference(path, calibration);
  const { seconds, most, report } = await prune(path);
  const after = await inference(path, calibration);
  const plain = (before + after) / 2;
  const fixed = (number) => number.toFixed(1);
  console.log(
    `${fixed(seconds / plain)} plain inferences (${fixed(seconds)} s; inference ${fixed(before)} and ${fixed(after)} s)`,
  );
  console.log(`${(most / 1e9).toFixed(2)} GB at most`);
  const steps = Object.entries(report.seconds ?? report.report?.seconds ?? {});
  console.log(steps.map(([step, own]) => `${step} ${fixed(own / plain)}`).join(', '));
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);

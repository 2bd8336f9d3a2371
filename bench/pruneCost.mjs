// `node bench/pruneCost.mjs MODEL|deit-base|llama-1b DATA [SHARE] [--limit N]`: the whole `snp prune --keep-macs SHARE` (default 0.62), all stages and checks, in plain inferences of its
// calibration samples, which run before and after it on the same machine; the most memory that its processes took at once; and what each step took. `deit-base` is one of random weights; so is
// `llama-1b`, in float16, with its weights in a file of their own, on N texts (default 32) of 128 random tokens: it takes no DATA, but 8 GB of disk in the temporary folder.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readModel, writeModel } from '@snp/onnx/node';
import { onnxRuntime, openCalibration, runSamples } from '@snp/runtime';
import { buildLlama, buildVit, DEIT_BASE, retyped } from '@snp/testing';
import { inputsOf } from './support/inputsOf.mjs';

const given = process.argv.slice(2);
const at = given.indexOf('--limit');
const limit = at < 0 ? undefined : Number(given.splice(at, 2)[1]);
const [source, ...rest] = given;
if (source === 'make-llama-1b') {
  const size = { vocabulary: 32000, width: 2048, depth: 22, heads: 32, keyHeads: 4, headSize: 64, hidden: 5632 };
  await writeModel(retyped(buildLlama(size), 'FLOAT', 'FLOAT16'), rest[0], { weights: 'external' });
  process.exit(0);
}
const random = source === 'llama-1b';
let [data, share = '0.62'] = random ? [undefined, ...rest] : rest;
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
  const options = ['--keep-macs', share, '--calib', data, ...sized, '-o', inFolder('pruned.onnx'), '--json'];
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
  if (random) {
    path = inFolder('llama.onnx');
    // In a process of its own, whose memory is gone behind it.
    execFileSync(process.execPath, [fileURLToPath(import.meta.url), 'make-llama-1b', path]);
    data = inFolder('tokens.jsonl');
    const texts = Array.from({ length: limit ?? 32 }, (_, text) =>
      JSON.stringify({ input_ids: Array.from({ length: 128 }, (_, at) => (7919 * (128 * text + at)) % 32000) }),
    );
    await writeFile(data, texts.join('\n'));
  }
  const inputs = inputsOf(await readModel(path));
  const calibration = await openCalibration(data, { inputs, ...(limit !== undefined && { limit }) });
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

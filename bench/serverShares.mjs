// How long one token's requests take while another floods each resource in turn, over what they take usually.
// node bench/serverShares.mjs [SECONDS]
import { fork } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { writeModel } from '@snp/onnx/node';
import { buildVit } from '@snp/testing';
import { FLOODS } from './support/floods.mjs';
import { clientOf, ServerClient, startSnp } from './support/serverClient.mjs';
import { median, quantile } from './support/timing.mjs';

const seconds = Number(process.argv[2] ?? 20);
const folder = mkdtempSync(join(tmpdir(), 'snp-shares-'));
const port = 20_000 + (process.pid % 20_000);
const server = startSnp(
  ['serve', '--port', String(port), '--data', folder, '--jobs', '1', '--log-level', 'warn'],
  join(folder, 'log'),
);
const admin = await clientOf(port, folder);
const tokenOf = async (name) => (await admin.json('/api/tokens', { name, role: 'run' })).secret;
const client = new ServerClient(admin.url, await tokenOf('one'));
let models = 0;
/** A model that nobody has brought yet. */
async function modelFile() {
  const path = join(folder, 'next.onnx');
  const size = { image: 32, patch: 8, residual: 24, depth: 2, heads: 3, classes: 10, qkv: 'fused' };
  await writeModel(buildVit({ ...size, blocks: { queryKey: 8, value: 8, ffn: 40 + models++ } }), path);
  return path;
}
const { id: model } = await client.addModel(await modelFile(), 'vit.onnx');
const small = Buffer.alloc(10_000, 'x');

const REQUESTS = [
  () => client.json('/api/jobs?limit=20'),
  () => client.json(`/api/models/${model}`),
  () => client.json('/api/models?limit=20'),
  () => client.upload(small, small.length),
  () => client.json('/api/session'),
];

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** What the requests of a person take, and how long a new model takes to be looked into. */
async function measure() {
  const until = performance.now() + 1000 * seconds;
  const times = [];
  for (let at = 0; performance.now() < until; at++) {
    times.push(await timed(REQUESTS[at % REQUESTS.length]));
    await setTimeout(50);
  }
  const file = await modelFile();
  const ready = await timed(() => client.addModel(file, `${models}.onnx`));
  return { median: median(times), p95: quantile(times, 0.95), ready };
}

const usual = await measure();
const lines = [];
for (const name of Object.keys(FLOODS)) {
  const secret = await tokenOf(name);
  const flood = fork(fileURLToPath(new URL('support/floods.mjs', import.meta.url)), [name, admin.url, secret, model]);
  await setTimeout(3000);
  const now = await measure();
  const ended = new Promise((resolve) => flood.once('message', resolve));
  flood.send('enough');
  const answers = await ended;
  flood.kill();
  // What is left is no part of the next flood.
  const { tokens } = await admin.json('/api/usage');
  for (const { token, name: whose } of tokens)
    if (whose === name) await fetch(`${admin.url}/api/usage/${token}`, { method: 'DELETE', headers: admin.headers });
  await setTimeout(5000);
  lines.push({ name, now, answers });
}
const again = await measure();
server.kill('SIGTERM');

const base = { median: Math.max(usual.median, again.median), p95: Math.max(usual.p95, again.p95) };
const ms = (number) => number.toFixed(1);
const over = (now, of) => `${ms(now)} (${(now / of).toFixed(1)})`;
console.log(
  '| flood | median, ms (over usual) | 95th percentile, ms (over usual) | a new model, s | answers to the flood |',
);
console.log('| --- | --- | --- | --- | --- |');
for (const [name, { median, p95, ready }] of Object.entries({ none: usual, 'none, again': again }))
  console.log(`| ${name} | ${ms(median)} | ${ms(p95)} | ${ms(ready / 1000)} | |`);
for (const { name, now, answers } of lines)
  console.log(
    `| ${name} | ${over(now.median, base.median)} | ${over(now.p95, base.p95)} | ${ms(now.ready / 1000)} | ${JSON.stringify(answers)} |`,
  );
console.log(`load of the machine: ${loadavg().map(ms).join(', ')}`);
process.exitCode = lines.some(({ now }) => now.median > 3 * base.median) ? 1 : 0;

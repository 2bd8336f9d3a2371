// How the time of a request grows with its size, for every route that takes something large: sizes double, and so may times, no more.
// node bench/serverGrowth.mjs [SMALLEST]
import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeModel } from '@snp/onnx/node';
import { buildVit } from '@snp/testing';
import { clientOf, startSnp } from './support/serverClient.mjs';

const { zipSync } = createRequire(new URL('../apps/server/package.json', import.meta.url))('fflate');
const smallest = Number(process.argv[2] ?? 2000);
const sizes = [1, 2, 4, 8].map((factor) => factor * smallest);
const folder = mkdtempSync(join(tmpdir(), 'snp-growth-'));
const port = 20_000 + (process.pid % 20_000);
const child = startSnp(
  ['serve', '--port', String(port), '--data', folder, '--jobs', '1', '--log-level', 'warn'],
  join(folder, 'log'),
);
const client = await clientOf(port, folder);
const path = join(folder, 'vit.onnx');
const shape = { image: 32, patch: 8, residual: 24, depth: 2, heads: 3, classes: 10, qkv: 'fused' };
await writeModel(buildVit({ ...shape, blocks: { queryKey: 8, value: 8, ffn: 96 } }), path);
const model = (await client.addModel(path, 'vit.onnx')).id;
const device = randomUUID();
const picture = await upload(Buffer.from('a picture'));

const numbered = (count, of) => Array.from({ length: count }, (_, at) => of(at));
const record = (count, of) => Object.fromEntries(numbered(count, (at) => [`name${at}`, of(at)]));
const fingerprint = {
  cpu: 'x',
  cores: 1,
  architecture: 'x64',
  os: 'x',
  memoryBytes: 1,
  freeMemoryBytes: 1,
  accelerators: [],
  node: 'x',
};
const target = (at) => ({ name: `t${at}`, description: 'x', available: true });

/** Requests of a size. */
const REQUESTS = {
  'data set: names': (size) => post('/api/datasets', { name: `n${size}`, files: names(size, (at) => `${at}.png`) }),
  'data set: names 15 folders deep': (size) =>
    post('/api/datasets', { name: `d${size}`, files: names(size, (at) => `${'a/'.repeat(15)}${at}.png`) }),
  'data set: names too deep': (size) =>
    post('/api/datasets', { name: 'x', files: names(size, (at) => `${'a/'.repeat(200)}${at}.png`) }),
  'data set: uploads that are not there': (size) =>
    post('/api/datasets', { name: 'x', files: numbered(size, (at) => ({ path: `${at}.png`, upload: `none-${at}` })) }),
  'data set: entries of a .zip': async (size) => {
    const zip = zipSync(Object.fromEntries(numbered(size / 8, (at) => [`${at}.png`, Buffer.from(`${at}`)])), {
      level: 0,
    });
    const id = await upload(zip);
    return post('/api/datasets', { name: `z${size}`, files: [{ path: 'a.zip', upload: id }] });
  },
  'model: data files': (size) =>
    post('/api/models', {
      name: 'x.onnx',
      upload: picture,
      data: numbered(size / 16, (at) => ({ location: `d${at}`, upload: 'none-0000' })),
    }),
  'prediction: widths': (size) =>
    post(`/api/models/${model}/predictions`, { target: { widths: record(size, () => 1) } }),
  'prediction: ratios': (size) =>
    post(`/api/models/${model}/predictions`, { target: { ratios: record(size, () => 0.5) } }),
  'prediction: units of a plan': (size) =>
    post(`/api/models/${model}/predictions`, { target: { plan: plan(1, size) } }),
  'prediction: groups of a plan': (size) =>
    post(`/api/models/${model}/predictions`, { target: { plan: plan(size, 4) } }),
  'pruning: ratios': (size) => post('/api/prunings', { model, target: { ratios: record(size, () => 0.5) } }),
  'pruning: units of a plan': (size) => post('/api/prunings', { model: 'none', target: { plan: plan(1, size) } }),
  'pruning: fields that do not exist': (size) => post('/api/prunings', { model, target: {}, ...record(size, () => 1) }),
  'benchmark: sizes': (size) =>
    post('/api/benchmarks', { models: [model], device: 'none', dims: record(size, () => 1) }),
  'device: targets': (size) =>
    send('PUT', `/api/devices/${device}`, { name: 'x', fingerprint, targets: numbered(size, target) }),
  'device: accelerators': (size) =>
    send('PUT', `/api/devices/${device}`, {
      name: 'x',
      fingerprint: { ...fingerprint, accelerators: numbered(size, (at) => `a${at}`) },
      targets: [target(0)],
    }),
  'jobs: kinds that are asked for': (size) => send('GET', `/api/jobs?type=${'prune,'.repeat(size / 16)}prune`),
  'file: tags that are known': (size) =>
    raw(`/api/models/${model}/file`, { 'if-none-match': numbered(size / 16, (at) => `"${at}"`).join(', ') }),
  cookies: (size) => raw('/api/session', { cookie: numbered(size / 16, (at) => `c${at}=x`).join('; ') }, false),
  'address: parts': (size) => raw(`/${'a/'.repeat(size / 4)}`, {}),
};

console.log(
  `| request | ${sizes.map((size) => `${size}`).join(' | ')} | last doubling |\n| --- |${' --- |'.repeat(5)}`,
);
let steep = 0;
for (const [name, ask] of Object.entries(REQUESTS)) {
  const times = [];
  let status = 0;
  for (const size of sizes) {
    let best = Number.POSITIVE_INFINITY;
    for (let turn = 0; turn < 3; turn++) {
      const start = performance.now();
      status = await ask(size);
      best = Math.min(best, performance.now() - start);
    }
    times.push(best);
  }
  const growth = times[3] / times[2];
  // Below some milliseconds it is noise.
  if (growth > 3 && times[3] > 50) steep++;
  console.log(`| ${name} (${status}) | ${times.map((time) => time.toFixed(0)).join(' | ')} | ${growth.toFixed(1)} |`);
}
child.kill('SIGTERM');
process.exitCode = steep > 0 ? 1 : 0;

function names(count, of) {
  return numbered(count, (at) => ({ path: of(at), upload: picture }));
}

function plan(groups, units) {
  const group = { units, lanes: 1, keep: numbered(units, (at) => at) };
  return { format: 'snp-plan', version: 1, model: { fingerprint: 'x' }, groups: record(groups, () => group) };
}

async function upload(bytes) {
  const id = randomUUID();
  const headers = { ...client.headers, 'upload-length': String(bytes.length) };
  const response = await fetch(`${client.url}/api/uploads/${id}`, { method: 'PUT', body: bytes, headers });
  if (!response.ok) throw new Error(await response.text());
  return id;
}

function post(to, body) {
  return send('POST', to, body);
}

async function send(method, to, body) {
  const headers = { ...client.headers, 'content-type': 'application/json' };
  const response = await fetch(client.url + to, { method, headers, body: body && JSON.stringify(body) });
  await response.arrayBuffer();
  return response.status;
}

/** With headers that `fetch` would not send. */
function raw(to, headers, withToken = true) {
  return new Promise((resolve, reject) => {
    const all = { ...(withToken && client.headers), ...headers };
    const sent = request(client.url + to, { headers: all }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode));
    });
    sent.on('error', reject);
    sent.end();
  });
}

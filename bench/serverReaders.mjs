// How quickly plain reads are answered while many follow the progress of jobs that run.
// node bench/serverReaders.mjs [READERS] [SECONDS]
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { writeModel } from '@snp/onnx/node';
import { buildVit } from '@snp/testing';
import { clientOf, startSnp } from './support/serverClient.mjs';

const [readers, seconds] = [Number(process.argv[2] ?? 200), Number(process.argv[3] ?? 20)];
const folder = mkdtempSync(join(tmpdir(), 'snp-readers-'));
const port = 20_000 + (process.pid % 20_000);
const child = startSnp(
  ['serve', '--port', String(port), '--data', folder, '--jobs', '1', '--log-level', 'warn'],
  join(folder, 'log'),
);
const client = await clientOf(port, folder);
const path = join(folder, 'vit.onnx');
const size = { image: 32, patch: 8, residual: 24, depth: 2, heads: 3, classes: 10, qkv: 'fused' };
await writeModel(buildVit({ ...size, blocks: { queryKey: 8, value: 8, ffn: 96 } }), path);
const model = await client.addModel(path, 'vit.onnx');
const jobs = [];
for (let at = 1; at < 90; at++)
  jobs.push(
    await client.json('/api/prunings', { model: model.id, name: `${at}.onnx`, target: { ratios: { ffn: at / 100 } } }),
  );

const stop = new AbortController();
let events = 0;
const listening = Array.from({ length: readers }, async () => {
  const response = await fetch(`${client.url}/api/events`, { headers: client.headers, signal: stop.signal });
  for await (const chunk of response.body) events += Buffer.from(chunk).toString().split('event:').length - 1;
});
await setTimeout(1000);

const reads = [
  '/api/models',
  `/api/models/${model.id}`,
  '/api/jobs?limit=20',
  `/api/jobs/${jobs[0].id}`,
  '/api/session',
];
const times = [];
const until = performance.now() + 1000 * seconds;
await Promise.all(
  Array.from({ length: 4 }, async (_, worker) => {
    for (let at = worker; performance.now() < until; at++) {
      const start = performance.now();
      await client.json(reads[at % reads.length]);
      times.push(performance.now() - start);
      // Four of them stay below what one token may ask for.
      await setTimeout(25);
    }
  }),
);
times.sort((a, b) => a - b);
const at = (share) => Number(times[Math.floor(share * (times.length - 1))].toFixed(1));
stop.abort();
await Promise.allSettled(listening);
process.stdout.write(
  `${JSON.stringify({ readers, events, reads: times.length, medianMs: at(0.5), p99Ms: at(0.99), mostMs: at(1) })}\n`,
);
child.kill('SIGTERM');

// How quickly a server answers, and whether its memory stays, while many follow the progress of jobs of which so many are always in flight.
// node bench/serverReaders.mjs [--readers 100] [--jobs 20] [--seconds 600]
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { writeModel } from '@snp/onnx/node';
import { buildVit } from '@snp/testing';
import { clientOf, startSnp } from './support/serverClient.mjs';
import { quantile } from './support/timing.mjs';

const option = (value) => ({ type: 'string', default: value });
const { values } = parseArgs({ options: { readers: option('100'), jobs: option('20'), seconds: option('600') } });
const [readers, inFlight, seconds] = [values.readers, values.jobs, values.seconds].map(Number);
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

const stop = new AbortController();
const until = performance.now() + 1000 * seconds;
const errors = {};
const fail = (error) => {
  if (stop.signal.aborted) return;
  errors[error.message] = (errors[error.message] ?? 0) + 1;
};

let events = 0;
const listening = Array.from({ length: readers }, async () => {
  const response = await fetch(`${client.url}/api/events`, { headers: client.headers, signal: stop.signal });
  for await (const chunk of response.body) events += Buffer.from(chunk).toString().split('event:').length - 1;
  throw new Error('a stream ended');
}).map((stream) => stream.catch(fail));

let submitted = 0;
let last;
async function submit() {
  while (performance.now() < until) {
    const { items } = await client.json('/api/jobs?state=waiting,queued,running&limit=200');
    for (let open = items.length; open < inFlight; open++, submitted++)
      last = await client.json('/api/prunings', {
        model: model.id,
        name: 'made.onnx',
        target: { ratios: { ffn: 0.01 * (1 + (submitted % 90)) } },
        seed: 1 + submitted,
      });
    await setTimeout(500);
  }
}
const submitting = submit().catch(fail);
while (!last) await setTimeout(100);

const READS = [
  '/api/models?limit=20',
  `/api/models/${model.id}`,
  '/api/jobs?limit=20',
  `/api/jobs/${last.id}`,
  '/api/session',
];
/** Asks again and again, a moment apart: what one token may ask for in a minute is not exceeded. */
async function ask(pathOf, pause) {
  const times = [];
  for (let at = 0; performance.now() < until; at++) {
    const start = performance.now();
    await client.json(pathOf(at)).catch(fail);
    times.push(performance.now() - start);
    await setTimeout(pause);
  }
  return times;
}

/** Resident megabytes of the server and its database. */
function memory() {
  const own = [child.pid, ...childrenOf(child.pid).filter((pid) => /embeddedProcess/.test(commandOf(pid)))];
  return own.map((pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024);
}
const commandOf = (pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8');
function childrenOf(parent) {
  return readdirSync('/proc').filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1] === `${parent}`
      );
    } catch {
      return false;
    }
  });
}
async function watch() {
  const tenths = [];
  for (let tenth = 0; tenth < 10; tenth++) {
    await setTimeout(100 * seconds);
    tenths.push(memory().map(Math.round));
    process.stderr.write(`${(tenth + 1) * 10} %: ${tenths[tenth].join(' and ')} MB, ${submitted} jobs\n`);
  }
  return tenths;
}

const [health, tenths, ...plain] = await Promise.all([
  ask(() => '/healthz', 100),
  watch(),
  ...Array.from({ length: 3 }, (_, reader) => ask((at) => READS[(at + reader) % READS.length], 50)),
]);
stop.abort();
await Promise.all([submitting, ...listening]);
for (const { error } of await client.all('/api/jobs?state=failed,cancelled'))
  errors[`a job: ${error?.message}`] = (errors[`a job: ${error?.message}`] ?? 0) + 1;
const told = (times) => ({
  count: times.length,
  medianMs: round(quantile(times, 0.5)),
  p99Ms: round(quantile(times, 0.99)),
  mostMs: round(quantile(times, 1)),
});
const outcome = {
  ...{ readers, seconds, inFlight, submitted, events, errors },
  healthz: told(health),
  reads: told(plain.flat()),
  megabytes: { server: tenths.map(([server]) => server), database: tenths.map(([, database]) => database) },
  load: round(loadavg()[1]),
};
process.stdout.write(`${JSON.stringify(outcome)}\n`);
child.kill('SIGTERM');

function round(number) {
  return Number(number.toFixed(1));
}

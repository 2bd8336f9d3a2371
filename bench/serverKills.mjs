// Kills (SIGKILL) at random moments over all kinds of processes: server, workers, jobs, database, agent, while people upload models and start
// prunings, calibrations in shards and measurements. Afterwards everything that was acknowledged must be there, every job done once, and no
// folder or process left.
// node bench/serverKills.mjs [--database embedded|postgresql] [--kills 100] [--seed 1]
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { writeModel } from '@snp/onnx/node';
import { buildVit } from '@snp/testing';
import sharp from 'sharp';
import { randomBelow } from './support/random.mjs';
import { clientOf, startSnp } from './support/serverClient.mjs';
import { Service } from './support/service.mjs';
import { temporaryPostgres } from './support/temporaryPostgres.mjs';

const { values } = parseArgs({
  options: {
    database: { type: 'string', default: 'embedded' },
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
  },
});
const isEmbedded = values.database === 'embedded';
const kills = Number(values.kills);
const random = randomBelow(Number(values.seed));
const folder = mkdtempSync(join(tmpdir(), 'snp-kills-'));
const data = join(folder, 'server');
const log = join(folder, 'log');
const port = 20_000 + random(20_000);
const postgres = isEmbedded ? undefined : await temporaryPostgres();
const env = { DATABASE_URL: postgres?.url ?? '' };

const server = new Service(() =>
  startSnp(['serve', '--port', String(port), '--data', data, '--jobs', isEmbedded ? '2' : '0'], log, env),
);
const workers = Array.from({ length: isEmbedded ? 0 : 2 }, (_, at) => {
  const args = ['--data', join(folder, `worker-${at}`), '--artefacts', join(data, 'artefacts'), '--jobs', '1'];
  return new Service(() => startSnp(['worker', ...args], log, env));
});
const client = await clientOf(port, data);
const { secret } = await client.json('/api/tokens', { name: 'device', role: 'device' });
const agentArgs = ['agent', '--server', client.url, '--data', join(folder, 'agent')];
const agent = new Service(() => startSnp(agentArgs, log, { SNP_AGENT_TOKEN: secret }));

/** What the server has said is there: hashes of models by id, names of tokens, jobs. */
const acknowledged = { models: new Map(), tokens: new Set(), jobs: new Set(), datasets: new Set() };
const vit = (ffn) =>
  buildVit({
    ...{ image: 32, patch: 8, residual: 24, depth: 2, heads: 3, classes: 10, qkv: 'fused' },
    blocks: { queryKey: 8, value: 8, ffn },
  });

/** A new model, as bytes. */
async function modelBytes(at) {
  const path = join(folder, 'next.onnx');
  await writeModel(vit(40 + at), path);
  return readFileSync(path);
}

/** Sends a model anew until all of it arrived. */
async function bringModel(at) {
  const bytes = await modelBytes(at);
  for (;;) {
    try {
      const upload = await client.upload(bytes, bytes.length);
      const { id } = await client.persist('/api/models', { name: `${at}.onnx`, upload, data: [] });
      acknowledged.models.set(id, createHash('sha256').update(bytes).digest('hex'));
      return id;
    } catch (error) {
      if (!/upload|fetch failed|: (404|409|422|50\d) /.test(error.message + (error.cause?.message ?? ''))) throw error;
      await setTimeout(300);
    }
  }
}

async function bringPictures() {
  const uploads = [];
  for (let at = 0; at < 48; at++) {
    const pixels = new Uint8Array(32 * 32 * 3).map(() => random(256));
    const bytes = await sharp(pixels, { raw: { width: 32, height: 32, channels: 3 } })
      .png()
      .toBuffer();
    uploads.push({ path: `${at}.png`, upload: await client.upload(bytes, bytes.length) });
  }
  const { id } = await client.persist('/api/datasets', { name: 'pictures', files: uploads });
  acknowledged.datasets.add(id);
  return id;
}

async function start(path, body) {
  const { id } = await client.persist(path, body);
  acknowledged.jobs.add(id);
}

/** Work without end, as several people do it, until nobody is wanted any more. */
async function work(dataset, isWanted) {
  for (let at = 0; isWanted(); at++) {
    const model = await bringModel(at);
    while ((await client.persist(`/api/models/${model}`)).state === 'checking') await setTimeout(200);
    await start('/api/prunings', { model, target: { ratios: { ffn: 0.3 } } });
    await start('/api/calibrations', { model, dataset, shards: 3 });
    await start('/api/prunings', { model, dataset: { id: dataset }, target: { budget: { macs: 0.7 } } });
    const [device] = (await client.persist('/api/devices')).items;
    if (device && at % 3 === 0)
      await start('/api/benchmarks', { models: [model], device: device.id, target: 'cpu-1', protocol: 'quick' });
    const name = `token-${at}`;
    await client.persist('/api/tokens', { name, role: 'read', minutes: 600 });
    acknowledged.tokens.add(name);
    while ((await client.all('/api/jobs?state=waiting,queued,running')).length > 6) await setTimeout(300);
  }
}

/** Running processes whose command or folder names ours. */
function processes() {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      const place = readlinkSync(`/proc/${pid}/cwd`);
      return command && (command.includes(folder) || place.startsWith(folder))
        ? [{ pid: Number(pid), command, place }]
        : [];
    } catch {
      return [];
    }
  });
}

const hit = new Set();
const KINDS = {
  server: () => server.child.pid,
  ...(!isEmbedded && { worker: () => workers[random(workers.length)].child.pid }),
  // A job whose process was killed twice fails, and says so: each is killed once.
  job: () => {
    const running = processes().filter(({ command, place }) => /taskProcess/.test(command) && !hit.has(place));
    const victim = running[random(running.length || 1)];
    if (victim) hit.add(victim.place);
    return victim?.pid;
  },
  database() {
    if (isEmbedded) return processes().find(({ command }) => /embeddedProcess/.test(command))?.pid;
    postgres.restart();
    return 0;
  },
  agent: () => agent.child.pid,
};

const began = performance.now();
const counts = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, 0]));
const dataset = await bringPictures();
let isWanted = true;
const people = [work(dataset, () => isWanted)];
for (let done = 0; done < kills; ) {
  // Time enough to start again, and to get something done.
  await setTimeout(1000 + random(7000));
  const kind = Object.keys(KINDS)[random(Object.keys(KINDS).length)];
  const pid = KINDS[kind]();
  if (pid === undefined) continue;
  if (pid) process.kill(pid, 'SIGKILL');
  counts[kind]++;
  done++;
  if (done % 10 === 0) process.stderr.write(`${done} kills, ${acknowledged.jobs.size} jobs\n`);
}
isWanted = false;
await Promise.all(people);
while ((await client.all('/api/jobs?state=waiting,queued,running')).length > 0) await setTimeout(500);

const jobs = await client.all('/api/jobs');
const known = new Set(jobs.map(({ id }) => id));
const tokens = new Set((await client.persist('/api/tokens')).items.map(({ name }) => name));
const datasets = new Set((await client.persist('/api/datasets')).items.map(({ id }) => id));
const lost = [
  ...[...acknowledged.datasets].filter((id) => !datasets.has(id)),
  ...[...acknowledged.jobs].filter((id) => !known.has(id)),
  ...[...acknowledged.tokens].filter((name) => !tokens.has(name)),
];
for (const [id, sha256] of acknowledged.models) {
  const response = await fetch(`${client.url}/api/models/${id}/file`, { headers: client.headers });
  const hash = createHash('sha256')
    .update(Buffer.from(await response.arrayBuffer()))
    .digest('hex');
  if (hash !== sha256) lost.push(id);
}
const models = await client.all('/api/models');
const wanted = jobs.filter(({ type, state }) => type === 'prune' && state === 'done').length + acknowledged.models.size;
const failed = jobs.filter(({ state }) => state !== 'done').map(({ id, type, error }) => ({ id, type, error }));
const services = [agent, ...workers, server];
for (const service of services) await service.stop();
postgres?.stop();
await setTimeout(1000);
const left = {
  processes: processes().map(({ command }) => command),
  folders: [join(data, 'jobs'), ...workers.map((_, at) => join(folder, `worker-${at}`, 'jobs'))].flatMap((path) => {
    try {
      return readdirSync(path);
    } catch {
      return [];
    }
  }),
};
const outcome = {
  database: values.database,
  kills: counts,
  seconds: Math.round((performance.now() - began) / 1000),
  acknowledged: { models: acknowledged.models.size, tokens: acknowledged.tokens.size, jobs: acknowledged.jobs.size },
  lost,
  failed,
  models: { there: models.length, wanted },
  ends: services.reduce((sum, { ends }) => sum + ends, 0),
  // Node.js says its release where nobody caught an error.
  crashes: (readFileSync(log, 'utf8').match(/^Node\.js v/gm) ?? []).length,
  left,
};
process.stdout.write(`${JSON.stringify(outcome)}\n`);
const isGood =
  outcome.crashes + lost.length + failed.length + left.processes.length + left.folders.length === 0 &&
  models.length === wanted;
process.exit(isGood ? 0 : 1);

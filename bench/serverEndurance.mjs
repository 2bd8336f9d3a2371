// One server, several workers on PostgreSQL, many jobs; workers are killed at random (SIGKILL), the server is killed once and the database restarted
// once. All jobs must be done, each once, with the bytes of a quiet run.
// node bench/serverEndurance.mjs [--jobs 60] [--workers 3] [--kills 12] [--seed 1]
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { writeModel } from '@snp/onnx/node';
import { buildVit } from '@snp/testing';
import pg from 'pg';
import { randomBelow } from './support/random.mjs';
import { clientOf, startSnp } from './support/serverClient.mjs';
import { Service } from './support/service.mjs';
import { temporaryPostgres } from './support/temporaryPostgres.mjs';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '60' },
    workers: { type: 'string', default: '3' },
    kills: { type: 'string', default: '12' },
    seed: { type: 'string', default: '1' },
  },
});
const [count, workers, kills, seed] = ['jobs', 'workers', 'kills', 'seed'].map((name) => Number(values[name]));
const folder = mkdtempSync(join(tmpdir(), 'snp-endurance-'));
const modelPath = join(folder, 'vit.onnx');
const size = { image: 32, patch: 8, residual: 24, depth: 2, heads: 3, classes: 10, qkv: 'fused' };
await writeModel(buildVit({ ...size, blocks: { queryKey: 8, value: 8, ffn: 96 } }), modelPath);

const random = randomBelow(seed);

/** Each job takes other widths. */
function inputs(model) {
  return Array.from({ length: count }, (_, at) => ({
    model,
    name: `${at}.onnx`,
    target: { ratios: { ffn: (at + 1) / (count + 2), value: 0.25 } },
  }));
}

/** What the jobs made, by the number of the job. */
async function resultsOf(client) {
  const jobs = await client.all('/api/jobs?type=prune');
  return new Map(jobs.map((job) => [job.input.name, job]));
}

async function run(name, disturb) {
  const database = await temporaryPostgres();
  const env = { DATABASE_URL: database.url };
  const data = join(folder, name);
  const artefacts = join(data, 'artefacts');
  const port = 20_000 + random(20_000);
  const log = join(folder, `${name}.log`);
  const server = new Service(() =>
    startSnp(['serve', '--port', String(port), '--data', data, '--jobs', '0'], log, env),
  );
  const pool = Array.from({ length: workers }, (_, at) => {
    const args = ['worker', '--data', join(data, `worker-${at}`), '--artefacts', artefacts, '--jobs', '1'];
    return new Service(() => startSnp(args, log, env));
  });
  const client = await clientOf(port, data);
  const audit = new pg.Pool({ connectionString: database.url });
  audit.on('error', () => undefined);
  // Every end of a job is counted where it happens: nothing may be done twice, not even unseen.
  await audit.query(`create table ends (job text); create function count_end() returns trigger language plpgsql as $$
    begin if new.state = 'done' and old.state <> 'done' then insert into ends values (new.id); end if; return null; end $$;
    create trigger count after update on snp.jobs for each row execute function count_end()`);
  const model = await client.addModel(modelPath, 'vit.onnx');
  for (const input of inputs(model.id)) await client.persist('/api/prunings', input);
  const left = { kills: disturb ? kills : 0, server: disturb, database: disturb };
  const happened = [];
  for (;;) {
    const open = (await client.all('/api/jobs?state=waiting,queued,running')).length;
    if (open === 0) break;
    const done = (await client.all('/api/jobs?type=prune&state=done')).length;
    if (left.kills > 0) {
      await setTimeout(300 + random(2500));
      const at = random(workers);
      pool[at].child.kill('SIGKILL');
      left.kills--;
      happened.push(`worker ${at} killed`);
    } else await setTimeout(500);
    if (left.server && done >= count / 3) {
      server.child.kill('SIGKILL');
      left.server = false;
      happened.push(`server killed at ${done} done`);
    }
    if (left.database && done >= (2 * count) / 3) {
      database.restart();
      left.database = false;
      happened.push(`database restarted at ${done} done`);
    }
  }
  const results = await resultsOf(client);
  const { rows: twice } = await audit.query('select job, count(*) from ends group by job having count(*) > 1');
  const models = await client.all(`/api/models?origin=${model.id}`);
  const attempts = [...results.values()].reduce((sum, job) => sum + job.attempt, 0);
  await audit.end();
  const services = [...pool, server];
  await Promise.all(services.map((service) => service.stop()));
  database.stop();
  const ends = services.reduce((sum, service) => sum + service.ends, 0);
  return { results, twice, models: models.length, attempts, happened, ends };
}

const start = performance.now();
const quiet = await run('quiet', false);
const quietSeconds = (performance.now() - start) / 1000;
const disturbed = await run('disturbed', true);
const hashOf = (job) =>
  job?.artefacts
    .filter(({ name }) => /\.onnx$|^plan\.json$/.test(name))
    .map(({ sha256 }) => sha256)
    .join();
const differing = [...quiet.results]
  .filter(([name, job]) => hashOf(job) !== hashOf(disturbed.results.get(name)))
  .map(([name]) => name);
const states = [...disturbed.results.values()].map((job) => job.state);
const outcome = {
  jobs: count,
  done: states.filter((one) => one === 'done').length,
  differing,
  twice: [...quiet.twice, ...disturbed.twice],
  models: disturbed.models,
  attempts: disturbed.attempts,
  happened: disturbed.happened,
  ends: { quiet: quiet.ends, disturbed: disturbed.ends },
  seconds: {
    quiet: Math.round(quietSeconds),
    disturbed: Math.round((performance.now() - start) / 1000 - quietSeconds),
  },
};
process.stdout.write(`${JSON.stringify(outcome)}\n`);
process.exit(
  outcome.done === count && differing.length === 0 && outcome.twice.length === 0 && outcome.models === count ? 0 : 1,
);

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { SnpError } from '@snp/onnx';
import { throwIfAborted } from '@snp/runtime';
import { median } from 'd3-array';
import { type EnergyMeter, openEnergyMeter } from '../device/energyMeter.js';
import { fingerprint } from '../device/fingerprint.js';
import { type Observations, watchDevice } from '../device/watch.js';
import { type Protocol, protocolOf } from '../protocol/protocol.js';
import type { BenchResult, ModelResult } from '../result/schema.js';
import { speedUp } from '../statistics/speedUp.js';
import { summarize } from '../statistics/summary.js';
import type { BenchJob, BenchModel } from '../target/target.js';
import { Contestant } from './contestant.js';
import { warningsFor } from './warnings.js';

/**
 * Measures models against each other on one target: all are loaded, each in a process of its own, and take turns, so that whatever else the
 * device does hits all alike. A model that fails is a result like any other.
 *
 * @throws SnpError `runtime` if the target is not there, `invalid-argument` for an unknown protocol or no models.
 * @example
 * const models = ['vit.onnx', 'vit.snp.onnx'].map((path) => ({ name: path, path, inputs: { batch: 1 } }));
 * const { models: [before, after] } = await measure({ models, target: onnxRuntimeTarget() });
 */
export async function measure(job: BenchJob): Promise<BenchResult> {
  const { models, target, signal } = job;
  if (models.length === 0) throw new SnpError('invalid-argument', 'There are no models to measure.');
  const protocol = protocolOf(job.protocol ?? 'default');
  if (target.measure) return target.measure({ ...job, protocol });
  const probe = await target.probe({ signal });
  if (!probe.available) throw new SnpError('runtime', `Target '${target.name}' is not there: ${probe.reason}`);
  const { available: _, ...runtime } = probe;
  const contestants = models.map((model) => new Contestant(model, target, signal));
  const self = protocol.selfCheck ? new Contestant(models[0], target, signal) : undefined;
  const all = self ? [...contestants, self] : contestants;
  const meter = await openEnergyMeter();
  let observations: Observations;
  try {
    const observe = await watchDevice();
    const own = process.cpuUsage();
    for (let launch = 0; launch < protocol.launches; launch++) await runLaunch(launch, all, protocol, job, meter);
    const { user, system } = process.cpuUsage(own);
    const used = all.map(({ cpuSeconds }) => cpuSeconds);
    const known = used.every((seconds) => seconds !== undefined);
    observations = await observe(
      known ? used.reduce((sum, seconds) => sum + seconds, (user + system) / 1e6) : undefined,
    );
  } finally {
    // Each, whatever the others say: what was thrown is what the caller hears.
    await Promise.allSettled(all.map((contestant) => contestant.close()));
    meter?.close();
  }
  const [reference] = contestants;
  const result: Omit<BenchResult, 'warnings'> = {
    format: 'snp-bench',
    version: 1,
    date: new Date().toISOString(),
    protocol: { ...protocol },
    target: { name: target.name, description: target.description, ...runtime },
    device: await fingerprint(),
    inputs: { batch: models[0].inputs.batch, ...(models[0].inputs.dims && { dims: { ...models[0].inputs.dims } }) },
    models: await Promise.all(contestants.map((contestant) => resultOf(contestant, reference, protocol))),
    ...(self &&
      self.error === undefined &&
      reference.error === undefined && { selfCheck: speedUp(reference.blocks, self.blocks, protocol.statistic) }),
    observations,
  };
  return { ...result, warnings: warningsFor(result) };
}

/** Loads all models anew and gives them their share of the runs. */
async function runLaunch(
  launch: number,
  all: readonly Contestant[],
  protocol: Protocol,
  job: BenchJob,
  meter: EnergyMeter | undefined,
): Promise<void> {
  for (const [at, contestant] of all.entries()) {
    job.onProgress?.({ step: 'load', done: at, total: all.length });
    await contestant.open();
  }
  await warmUp(launch, all, protocol, job);
  await takeTurns(launch, all, protocol, job, meter);
  for (const contestant of all) await contestant.close();
}

/** At first until the medians of three turns in a row agree, or time is up. */
async function warmUp(launch: number, all: readonly Contestant[], protocol: Protocol, job: BenchJob): Promise<void> {
  const { runs, tolerance, mostSeconds = Number.POSITIVE_INFINITY } = protocol.warmUp;
  const turn = Math.min(protocol.turn, runs);
  const start = performance.now();
  const medians = all.map((): number[] => []);
  const steady = () =>
    launch > 0 || tolerance === undefined || medians.every((list, at) => all[at].error || isSteady(list, tolerance));
  for (let done = 0; done < runs || (!steady() && performance.now() - start < 1000 * mostSeconds); done += turn) {
    for (const [at, contestant] of all.entries()) {
      throwIfAborted(job.signal);
      job.onProgress?.({ step: 'warm-up', done: Math.min(done, runs) * all.length + at * turn, total: undefined });
      const times = await contestant.warmUp(turn);
      if (times.length > 0) medians[at].push(median(times)!);
    }
  }
}

function isSteady(medians: readonly number[], tolerance: number): boolean {
  const last = medians.slice(-3);
  return last.length === 3 && Math.max(...last) <= (1 + tolerance) * Math.min(...last);
}

/** A turn for each model, again and again; every second round in reverse, so that none always follows the same one. */
async function takeTurns(
  launch: number,
  all: readonly Contestant[],
  { turn, runs, leastSeconds, launches }: Protocol,
  job: BenchJob,
  meter: EnergyMeter | undefined,
): Promise<void> {
  const share = (launch + 1) / launches;
  const read = meter && (() => meter.joules());
  for (let round = 0; ; round++) {
    const left = all.filter(({ error }) => error === undefined);
    const enough = (one: Contestant) => one.runs >= share * runs && one.seconds >= share * leastSeconds;
    if (left.length === 0 || (round > 0 && left.every(enough))) return;
    const block = launches === 1 || round === 0 ? 'new' : 'last';
    for (const contestant of round % 2 === 0 ? left : [...left].reverse()) {
      throwIfAborted(job.signal);
      const done = left.reduce((sum, other) => sum + other.runs, 0);
      const total = left.reduce((sum, other) => sum + expectedRuns(other, runs, leastSeconds), 0);
      job.onProgress?.({ step: 'measure', done, total });
      await contestant.turn(turn, block, read);
    }
  }
}

function expectedRuns({ runs: done, seconds }: Contestant, runs: number, leastSeconds: number): number {
  return seconds > 0 ? Math.max(runs, Math.ceil((leastSeconds * done) / seconds)) : runs;
}

async function resultOf(contestant: Contestant, reference: Contestant, protocol: Protocol): Promise<ModelResult> {
  const { model, blocks, error, footprint, joules } = contestant;
  const about = { name: model.name, ...(await identityOf(model)) };
  if (error !== undefined || blocks.length === 0) return { ...about, state: 'failed', error: error ?? 'It never ran.' };
  const { loadMs, peakBytes } = footprint;
  return {
    ...about,
    state: 'measured',
    blocks,
    summary: summarize(blocks.flat()),
    ...(contestant !== reference &&
      reference.error === undefined && { speedUp: speedUp(reference.blocks, blocks, protocol.statistic) }),
    ...(loadMs !== undefined && { loadMs }),
    ...(peakBytes !== undefined && { peakBytes }),
    ...(joules > 0 && { joulesPerRun: joules / contestant.runs }),
  };
}

async function identityOf({ path }: BenchModel): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path)) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch {
    // What cannot be read was reported when it was opened.
  }
  return { bytes, sha256: hash.digest('hex') };
}

import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { AgentJob, BenchResult } from '@snp/bench';
import {
  deleteDevice,
  deviceFile,
  getDevice,
  listDevices,
  registerDevice,
  reportDeviceJob,
  takeDeviceJob,
} from '../api/devices.js';
import { first } from '../database/database.js';
import { deviceQueue, presentDevice } from '../devices/devices.js';
import { Failure } from '../failure.js';
import { type App, identityOf } from '../http/env.js';
import { sendBlob } from '../http/sendBlob.js';
import type { Artefact, JobRow } from '../jobs/job.js';
import type { HeldJob } from '../jobs/jobQueue.js';
import { benchmarkFiles, benchmarkSummary } from '../jobs/kinds/benchmark.js';
import type { Services } from '../services.js';
import { mount } from './mount.js';

/** An agent's question for work is answered after so long, also where there is none, in milliseconds. */
const LONG_POLL = 25_000;
const POLL = 500;

/** Routes for devices, and for the agents on them. */
export function deviceRoutes(app: App, services: Services): void {
  const { database, devices, queue, blobs, settings } = services;
  /** Agents that wait for work, by device: the latest question is the one that counts. */
  const waiting = new Map<string, AbortController>();

  mount(app, services, listDevices, async (context) =>
    context.json({ items: (await devices.list()).map(presentDevice) }, 200),
  );
  mount(app, services, getDevice, async (context) =>
    context.json(presentDevice(await devices.get(context.req.valid('param').id)), 200),
  );
  mount(app, services, deleteDevice, async (context) => {
    await devices.remove(context.req.valid('param').id);
    return context.body(null, 204);
  });

  mount(app, services, registerDevice, async (context) => {
    const { id } = context.req.valid('param');
    const device = await devices.register(id, identityOf(context).token, context.req.valid('json'));
    return context.json(presentDevice(device), 200);
  });

  mount(app, services, takeDeviceJob, async (context) => {
    const device = await devices.own(context.req.valid('param').id, identityOf(context).token);
    const own = new AbortController();
    waiting.get(device.id)?.abort();
    waiting.set(device.id, own);
    const signal = AbortSignal.any([context.req.raw.signal, own.signal]);
    try {
      await devices.seen(device.id);
      for (const until = Date.now() + LONG_POLL; Date.now() < until && !signal.aborted && services.isReady(); ) {
        const job = await queue.take(deviceQueue(device.id), device.name);
        if (job) return context.json({ job: job.id, lease: job.lease, work: job.work as AgentJob }, 200);
        await setTimeout(POLL, undefined, { signal }).catch(() => undefined);
      }
      if (own.signal.aborted)
        throw new Failure(
          'conflict',
          'Another agent asks for work under the id of this device. Give each a --data of its own.',
        );
      return context.body(null, 204);
    } finally {
      if (waiting.get(device.id) === own) waiting.delete(device.id);
    }
  });

  mount(app, services, reportDeviceJob, async (context) => {
    const { id, job: name } = context.req.valid('param');
    const device = await devices.own(id, identityOf(context).token);
    await devices.seen(device.id);
    const { lease, progress, result, error, release } = context.req.valid('json');
    const job = await first<HeldJob>(database, 'select * from snp.jobs where id = $1 and device = $2', [
      name,
      device.id,
    ]);
    if (!job) return Failure.notFound('job', name);
    if (job.state === 'cancelled') return context.json({ stop: true }, 200);
    if (job.lease !== lease) throw new Failure('conflict', 'The job is no longer held by this agent: drop it.');
    if (release) await queue.handBack(job);
    else if (error !== undefined) await queue.fail(job, { code: 'runtime', message: error });
    else if (result) await finish(job, result);
    else {
      const known = progress && { step: progress.step, done: progress.done, total: progress.total ?? null };
      return context.json({ stop: !(await queue.beat(job, known)) }, 200);
    }
    return context.json({ stop: false }, 200);
  });

  mount(app, services, deviceFile, async (context) => {
    const { id, sha256 } = context.req.valid('param');
    const device = await devices.own(id, identityOf(context).token);
    const held = await database.query<JobRow>(`select * from snp.jobs where device = $1 and state = 'running'`, [
      device.id,
    ]);
    const named = held.some(({ work }) =>
      (work as AgentJob).models.some(
        (model) => model.sha256 === sha256 || model.data.some((file) => file.sha256 === sha256),
      ),
    );
    const blob = named ? await blobs.find(sha256) : undefined;
    if (!blob) return Failure.notFound('file', sha256);
    return sendBlob(context, blobs.store, { ...blob, name: sha256, type: 'application/octet-stream' }) as never;
  });

  async function finish(job: HeldJob, result: BenchResult): Promise<void> {
    const folder = join(settings.data, 'scratch');
    await mkdir(folder, { recursive: true });
    const artefacts: Artefact[] = [];
    for (const { name, type, text } of benchmarkFiles(result)) {
      const path = join(folder, randomUUID());
      await writeFile(path, text);
      artefacts.push({ name, type, ...(await blobs.add(path)) });
    }
    const outcome = { result: benchmarkSummary(result, job), artefacts };
    const counted = await queue.finish(job, outcome, (sql) =>
      blobs.need(
        sql,
        `job:${job.id}`,
        artefacts.map(({ sha256 }) => sha256),
      ),
    );
    if (!counted) throw new Failure('conflict', 'The job is no longer held by this agent: drop it.');
  }
}

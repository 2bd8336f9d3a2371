import type { Context } from 'hono';
import {
  allEvents,
  cancelJob,
  createBenchmark,
  createCalibration,
  createPruning,
  createSweep,
  downloadArtefact,
  getJob,
  getLogs,
  jobEvents,
  listJobs,
} from '../api/jobs.js';
import type { ModelRow } from '../catalog/models.js';
import type { Sql } from '../database/database.js';
import { Failure } from '../failure.js';
import { cursorOf, page } from '../http/cursor.js';
import { type App, type Env, identityOf } from '../http/env.js';
import { sendBlob } from '../http/sendBlob.js';
import type { JobRow } from '../jobs/job.js';
import type { Submitter } from '../jobs/jobQueue.js';
import { requireJobShare } from '../jobs/jobShare.js';
import { presentJob, presentLog } from '../jobs/jobs.js';
import { submitBenchmark } from '../jobs/kinds/benchmark.js';
import { submitCalibration } from '../jobs/kinds/calibrate.js';
import { submitPruning } from '../jobs/kinds/prune.js';
import { submitSweep } from '../jobs/kinds/sweep.js';
import type { Services } from '../services.js';
import { calibrationOf } from './calibrationOf.js';
import { mount } from './mount.js';
import { requireFit } from './requireFit.js';

/** Routes for work and what came of it. */
export function jobRoutes(app: App, services: Services): void {
  const { database, queue, jobs, models, datasets, devices, blobs, events, idempotency, settings } = services;

  /** Submits in one transaction, within the jobs that may be open and the room that there is for what they make. */
  const submit = async (
    context: Context<Env>,
    work: (sql: Sql, by: Submitter) => Promise<{ job: JobRow; fresh: boolean }>,
  ) => {
    await blobs.requireRoom();
    const { token, name } = identityOf(context);
    const { job, fresh } = await database.transaction(async (sql) => {
      await requireJobShare(sql, settings.activeJobs, token);
      return work(sql, { token, createdBy: name });
    });
    return { status: fresh ? 202 : 200, body: presentJob(await jobs.get(job.id)) };
  };

  /** A device that has a target. */
  const deviceWith = async (id: string, target: string) => {
    const device = await devices.get(id);
    if (device.targets.some(({ name, available }) => name === target && available)) return device;
    const there = device.targets.filter(({ available }) => available).map(({ name }) => name);
    throw new Failure('invalid-argument', `${device.name} has no target '${target}', but ${there.join(', ')}.`);
  };

  mount(app, services, createCalibration, (context) => {
    const input = context.req.valid('json');
    return idempotency.once(context, input, async () => {
      const model = await models.ready(input.model);
      const dataset = await datasets.get(input.dataset);
      return submit(context, (sql, by) => submitCalibration(queue, sql, input, { model, dataset, ...by }));
    }) as never;
  });

  mount(app, services, createPruning, (context) => {
    const input = context.req.valid('json');
    return idempotency.once(context, input, async () => {
      const model = await models.ready(input.model);
      const dataset = input.dataset && (await datasets.get(input.dataset.id));
      const calibration =
        input.calibration === undefined ? undefined : await calibrationOf(services, input.calibration, model);
      await requireFit(services, input, model, identityOf(context).token);
      const { target } = input;
      const device = 'latency' in target ? await deviceWith(target.latency.device, target.latency.target) : undefined;
      return submit(context, (sql, by) =>
        submitPruning(queue, sql, input, { model, dataset, calibration, device, ...by }),
      );
    }) as never;
  });

  mount(app, services, createSweep, (context) => {
    const input = context.req.valid('json');
    return idempotency.once(context, input, async () => {
      const model = await models.ready(input.model);
      const dataset = input.dataset && (await datasets.get(input.dataset.id));
      const calibration = await calibrationOf(services, input.calibration, model);
      return submit(context, (sql, by) => submitSweep(queue, sql, input, { model, dataset, calibration, ...by }));
    }) as never;
  });

  mount(app, services, createBenchmark, (context) => {
    const input = context.req.valid('json');
    return idempotency.once(context, input, async () => {
      const rows: ModelRow[] = [];
      for (const id of input.models) rows.push(await models.ready(id));
      const device = await devices.get(input.device);
      const target = device.targets.find(({ name }) => name === input.target);
      if (!target?.available) {
        const there = device.targets.filter(({ available }) => available).map(({ name }) => name);
        throw new Failure(
          'invalid-argument',
          `${device.name} has no target '${input.target}', but ${there.join(', ')}.`,
        );
      }
      return submit(context, (sql, by) => submitBenchmark(queue, sql, input, { models: rows, device, ...by }));
    }) as never;
  });

  mount(app, services, listJobs, async (context) => {
    const { cursor, limit, type, state, ...filter } = context.req.valid('query');
    const rows = await jobs.list(
      { ...filter, types: type?.split(','), states: state?.split(',') },
      cursorOf(cursor),
      limit,
    );
    return context.json(page(rows, limit, presentJob), 200);
  });

  mount(app, services, getJob, async (context) =>
    context.json(presentJob(await jobs.get(context.req.valid('param').id)), 200),
  );

  mount(app, services, cancelJob, async (context) => {
    const { id } = await jobs.get(context.req.valid('param').id);
    await database.transaction((sql) => queue.cancel(sql, id));
    return context.json(presentJob(await jobs.get(id)), 200);
  });

  mount(app, services, getLogs, async (context) => {
    const { id } = await jobs.get(context.req.valid('param').id);
    const { after, limit } = context.req.valid('query');
    return context.json({ items: (await jobs.logs(id, after, limit)).map(presentLog) }, 200);
  });

  mount(app, services, jobEvents, (context) => events.ofJob(context, context.req.valid('param').id) as never);
  mount(app, services, allEvents, (context) => events.ofAll(context) as never);

  mount(app, services, downloadArtefact, async (context) => {
    const { id, name } = context.req.valid('param');
    const view = context.req.valid('query').view !== undefined;
    return sendBlob(context, blobs.store, { ...(await jobs.artefact(id, name)), view }) as never;
  });
}

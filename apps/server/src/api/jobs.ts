import { z } from '@hono/zod-openapi';
import { id } from './common.js';
import {
  benchmarkInput,
  calibrationInput,
  JOB_STATES,
  JOB_TYPES,
  jobSchema,
  logSchema,
  pruningInput,
  sweepInput,
} from './job.js';
import { pageOf, pageQuery } from './page.js';
import { body, idempotencyHeader, idParam, json, problem, route } from './route.js';

const starts = {
  404: problem('A model, data set, calibration or device is not there'),
  409: problem('The model is not ready'),
};

const start = <S extends z.ZodType>(path: string, input: S, summary: string) =>
  route({
    tag: 'jobs',
    access: 'run',
    method: 'post',
    path,
    summary,
    description:
      'Work that was done before, or is on its way, is not done again: its job is the answer, with status 200.',
    request: { headers: idempotencyHeader, body: body(input) },
    responses: {
      200: json(jobSchema, 'The very same is done, or on its way already'),
      202: json(jobSchema, 'Begun'),
      422: problem('The request contradicts itself or does not fit the model'),
      507: problem('Too many jobs, or no room'),
      ...starts,
    },
  });

export const createCalibration = start(
  '/api/calibrations',
  calibrationInput,
  'Gather statistics of typical inputs, once for any number of plans',
);
export const createPruning = start(
  '/api/prunings',
  pruningInput,
  'Prune a model, as `snp prune` does with the same options',
);
export const createSweep = start('/api/sweeps', sweepInput, 'Prune to many budgets with one calibration');
export const createBenchmark = start(
  '/api/benchmarks',
  benchmarkInput,
  'Measure models against each other on a device',
);

/** Names out of a list, in a query. */
function someOf(names: readonly string[]) {
  return z
    .string()
    .max(100)
    .refine(
      (text) => text.split(',').every((name) => names.includes(name)),
      `must be one or several of ${names.join(', ')}, with commas`,
    )
    .optional()
    .describe('one or several, with commas');
}

export const listJobs = route({
  tag: 'jobs',
  access: 'read',
  method: 'get',
  path: '/api/jobs',
  summary: 'Jobs, newest first',
  request: {
    query: pageQuery.extend({
      type: someOf(JOB_TYPES),
      state: someOf(JOB_STATES),
      model: id.optional().describe('jobs about this model'),
      device: id.optional().describe('jobs of this device, parts of others too'),
      parent: id.optional().describe('parts of this job; without it, only jobs that are no parts'),
    }),
  },
  responses: { 200: json(pageOf(jobSchema).openapi('JobPage'), 'A page of jobs') },
});

export const getJob = route({
  tag: 'jobs',
  access: 'read',
  method: 'get',
  path: '/api/jobs/{id}',
  summary: 'One job',
  request: { params: idParam },
  responses: { 200: json(jobSchema, 'The job'), 404: problem('There is no such job') },
});

export const cancelJob = route({
  tag: 'jobs',
  access: 'run',
  method: 'post',
  path: '/api/jobs/{id}/cancel',
  summary: 'Stop a job and all that builds on it; one that has ended stays as it is',
  request: { params: idParam },
  responses: { 200: json(jobSchema, 'The job'), 404: problem('There is no such job') },
});

export const getLogs = route({
  tag: 'jobs',
  access: 'read',
  method: 'get',
  path: '/api/jobs/{id}/logs',
  summary: "Lines of a job's log, oldest first",
  request: {
    params: idParam,
    query: z.object({
      after: z.coerce.number().int().min(0).default(0),
      limit: z.coerce.number().int().min(1).max(1000).default(500),
    }),
  },
  responses: { 200: json(z.object({ items: z.array(logSchema) }), 'Lines'), 404: problem('There is no such job') },
});

const EVENTS =
  'Server-sent events. `event: job` with a Job as data, whenever it changes (its state as it is now comes first); `event: log` with a LogLine and its number as `id`, so that a browser that reconnects misses none. A line that begins with a colon comes every 15 s to keep the connection.';

export const jobEvents = route({
  tag: 'jobs',
  access: 'read',
  method: 'get',
  path: '/api/jobs/{id}/events',
  summary: 'Progress and log of a job as they come; ends when the job has ended',
  description: EVENTS,
  request: { params: idParam, headers: z.object({ 'last-event-id': z.string().max(50).optional() }) },
  responses: {
    200: { description: 'Events', content: { 'text/event-stream': { schema: z.string() } } },
    404: problem('There is no such job'),
  },
});

export const allEvents = route({
  tag: 'jobs',
  access: 'read',
  method: 'get',
  path: '/api/events',
  summary: 'Changes of all jobs and devices as they come',
  description: `${EVENTS} No logs here; \`event: device\` with a Device as data. What changed while no connection was there is not told later: fetch the lists again after each new one.`,
  responses: { 200: { description: 'Events', content: { 'text/event-stream': { schema: z.string() } } } },
});

export const downloadArtefact = route({
  tag: 'jobs',
  access: 'read',
  method: 'get',
  path: '/api/jobs/{id}/artefacts/{name}',
  summary: 'A file that a job made. Ranges work',
  description:
    'prune: the model under its own name (and its `.data`), plan.json, report.json, report.html. calibrate: statistics.safetensors. sweep: sweep.json, sweep.html. benchmark: benchmark.json, benchmark.html, benchmark.csv. With `?view`, HTML is shown in place (sandboxed) instead of saved.',
  request: {
    params: idParam.extend({
      name: z
        .string()
        .max(300)
        .openapi({ param: { name: 'name', in: 'path' } }),
    }),
    query: z.object({ view: z.string().optional() }),
  },
  responses: {
    200: {
      description: 'The file',
      content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
    },
    206: { description: 'A part of it' },
    304: { description: 'Not changed' },
    404: problem('There is no such file'),
    416: { description: 'There is no such part' },
  },
});

import { z } from '@hono/zod-openapi';
import { agentInfoSchema, agentJobSchema, benchResultSchema } from '@snp/bench';
import { id, name, sha256, time } from './common.js';
import { body, idParam, json, problem, route } from './route.js';

const targets = agentInfoSchema.shape.targets;
const fingerprint = benchResultSchema.shape.device;

/** A device where an agent runs. */
export const deviceSchema = z
  .object({
    id,
    name,
    fingerprint,
    targets,
    state: z.enum(['idle', 'busy', 'away']).describe('`away`: nothing was heard of it for a minute'),
    seen: time,
    created: time,
    queued: z.number().int().describe('jobs that wait for it'),
    running: id.nullable().describe('the job it is at'),
    done: z.number().int().describe('jobs it has done'),
  })
  .openapi('Device');

export const listDevices = route({
  tag: 'devices',
  access: 'read',
  method: 'get',
  path: '/api/devices',
  summary: 'All devices; queue and history are `GET /api/jobs?device=`',
  responses: { 200: json(z.object({ items: z.array(deviceSchema) }).openapi('DeviceList'), 'Devices') },
});

export const getDevice = route({
  tag: 'devices',
  access: 'read',
  method: 'get',
  path: '/api/devices/{id}',
  summary: 'One device',
  request: { params: idParam },
  responses: { 200: json(deviceSchema, 'The device'), 404: problem('There is no such device') },
});

export const deleteDevice = route({
  tag: 'devices',
  access: 'admin',
  method: 'delete',
  path: '/api/devices/{id}',
  summary: 'Forget a device; jobs that wait for it are cancelled',
  request: { params: idParam },
  responses: { 204: { description: 'Gone' }, 404: problem('There is no such device') },
});

const deviceId = z.object({
  id: z
    .string()
    .regex(/^[A-Za-z0-9-]{8,64}$/, 'must be 8 to 64 letters, digits or dashes')
    .openapi({ param: { name: 'id', in: 'path' } }),
});

export const registerDevice = route({
  tag: 'agents',
  access: 'device',
  method: 'put',
  path: '/api/devices/{id}',
  summary: 'An agent says what it is, under an id that it keeps',
  request: { params: deviceId, body: body(z.strictObject({ name, fingerprint, targets }).openapi('NewDevice')) },
  responses: { 200: json(deviceSchema, 'Known now'), 409: problem('The id belongs to the agent of another token') },
});

/** A job for an agent, and what proves that it holds it. */
export const deviceJobSchema = z.object({ job: id, lease: z.string(), work: agentJobSchema }).openapi('DeviceJob');

export const takeDeviceJob = route({
  tag: 'agents',
  access: 'device',
  method: 'post',
  path: '/api/devices/{id}/take',
  summary: 'An agent takes its next job; the answer waits up to 25 s for one',
  request: { params: deviceId },
  responses: {
    200: json(deviceJobSchema, 'A job'),
    204: { description: 'There is none; ask again' },
    409: problem('It was asked again for this device: the latest question is answered'),
    404: problem('There is no such device; register it'),
  },
});

export const reportDeviceJob = route({
  tag: 'agents',
  access: 'device',
  method: 'post',
  path: '/api/devices/{id}/jobs/{job}',
  summary: 'An agent says how far its job is, at least every 10 s, or how it ended',
  request: {
    params: deviceId.extend({
      job: z
        .string()
        .max(100)
        .openapi({ param: { name: 'job', in: 'path' } }),
    }),
    body: body(
      z.strictObject({
        lease: z.string().max(100),
        progress: z.object({ step: z.string().max(100), done: z.number(), total: z.number().optional() }).optional(),
        result: benchResultSchema.optional(),
        error: z.string().max(10_000).optional(),
        release: z.literal(true).optional().describe('the agent stops: another time, or another agent'),
      }),
    ),
  },
  responses: {
    200: json(z.object({ stop: z.boolean().describe('the job was cancelled: stop measuring') }), 'Heard'),
    409: problem('The job is no longer held by this agent: drop it'),
  },
});

export const deviceFile = route({
  tag: 'agents',
  access: 'device',
  method: 'get',
  path: '/api/devices/{id}/files/{sha256}',
  summary: 'A file of the job that an agent holds. Ranges work',
  request: { params: deviceId.extend({ sha256: sha256.openapi({ param: { name: 'sha256', in: 'path' } }) }) },
  responses: {
    200: {
      description: 'The file',
      content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
    },
    206: { description: 'A part of it' },
    404: problem('No job that this agent holds names this file'),
  },
});

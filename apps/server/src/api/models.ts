import { z } from '@hono/zod-openapi';
import { cost, id, location, name, orNull, sha256, time } from './common.js';
import { pageOf, pageQuery } from './page.js';
import { body, idempotencyHeader, idParam, json, problem, route } from './route.js';

/** A model in the catalog. */
export const modelSchema = z
  .object({
    id,
    name,
    sha256: sha256.describe('of the ONNX file'),
    bytes: z.number().describe('of all its files'),
    data: z.array(z.object({ location, sha256, bytes: z.number() })).describe('external data files beside it'),
    state: z.enum(['checking', 'ready', 'refused']).describe('`ready` once its analysis is there'),
    analysisJob: id.describe('the job that looks into it'),
    problem: z.object({ code: z.string(), message: z.string() }).nullable().describe('why it was refused'),
    cost: orNull(cost).describe('null until it is ready'),
    origin: z
      .object({ model: id, job: id })
      .nullable()
      .describe('the model and the job that made this one; null for uploads'),
    created: time,
  })
  .openapi('Model');

export const listModels = route({
  tag: 'models',
  access: 'read',
  method: 'get',
  path: '/api/models',
  summary: 'Models, newest first',
  request: { query: pageQuery.extend({ origin: id.optional().describe('only those made from this model') }) },
  responses: { 200: json(pageOf(modelSchema).openapi('ModelPage'), 'A page of models') },
});

export const createModel = route({
  tag: 'models',
  access: 'run',
  method: 'post',
  path: '/api/models',
  summary: 'Make a model of uploads; its analysis begins at once',
  request: {
    headers: idempotencyHeader,
    body: body(
      z
        .strictObject({
          name: name.describe('file name, as in `vit.onnx`: results are named after it'),
          upload: z.string().max(64),
          data: z
            .array(z.strictObject({ location: location.describe('as the model names it'), upload: z.string().max(64) }))
            .max(1000)
            .default([]),
        })
        .openapi('NewModel'),
    ),
  },
  responses: {
    200: json(modelSchema, 'The very same files are there already, under this name'),
    201: json(modelSchema, 'Made'),
    409: problem('An upload is not complete'),
  },
});

export const getModel = route({
  tag: 'models',
  access: 'read',
  method: 'get',
  path: '/api/models/{id}',
  summary: 'One model',
  request: { params: idParam },
  responses: { 200: json(modelSchema, 'The model'), 404: problem('There is no such model') },
});

export const deleteModel = route({
  tag: 'models',
  access: 'run',
  method: 'delete',
  path: '/api/models/{id}',
  summary: 'Take a model out of the catalog; results that came of it stay',
  request: { params: idParam },
  responses: {
    204: { description: 'Gone' },
    404: problem('There is no such model'),
    409: problem('Jobs are using it'),
  },
});

export const downloadModel = route({
  tag: 'models',
  access: 'read',
  method: 'get',
  path: '/api/models/{id}/file',
  summary: 'The ONNX file; with `location`, one of its data files. Ranges work',
  request: { params: idParam, query: z.object({ location: location.optional() }) },
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

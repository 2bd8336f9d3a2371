import { z } from '@hono/zod-openapi';
import { sha256 } from './common.js';
import { json, problem, route } from './route.js';

/** How much of an upload is there. */
export const uploadSchema = z
  .object({
    id: z.string(),
    length: z.number().int().describe('bytes of the whole'),
    offset: z.number().int().describe('bytes that are there: where to go on'),
    complete: z.boolean(),
    sha256: sha256.nullable().describe('of the whole, once it is complete'),
  })
  .openapi('Upload');

const params = z.object({
  id: z
    .string()
    .regex(/^[A-Za-z0-9-]{8,64}$/, 'must be 8 to 64 letters, digits or dashes')
    .openapi({ param: { name: 'id', in: 'path' }, description: 'chosen by the client: a random UUID' }),
});

export const putUpload = route({
  tag: 'uploads',
  access: 'run',
  method: 'put',
  path: '/api/uploads/{id}',
  summary: 'Send a file, or the rest of one, as the raw body of the request',
  description:
    'The first request makes the upload, and usually is the only one. Where it breaks off, GET tells how much is there, and another PUT with that `upload-offset` sends the rest. A complete upload is used to make a model or a data set within a day.',
  request: {
    params,
    headers: z.object({
      'upload-length': z.coerce.number().int().min(0).describe('bytes of the whole file'),
      'upload-offset': z.coerce.number().int().min(0).default(0).describe('byte at which this request goes on'),
      'upload-sha256': sha256
        .optional()
        .describe(
          'of the whole file: what arrives is held against it, and a file that is there already need not be sent',
        ),
    }),
    body: {
      required: true,
      content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
    },
  },
  responses: {
    200: json(uploadSchema, 'What is there now'),
    408: problem('Nothing arrived for too long; send the rest in another request'),
    409: problem('The upload goes on elsewhere, is being sent already, or has another hash'),
    413: problem('The file is larger than allowed'),
    507: problem('There is no room'),
  },
});

export const getUpload = route({
  tag: 'uploads',
  access: 'run',
  method: 'get',
  path: '/api/uploads/{id}',
  summary: 'How much of an upload is there',
  request: { params },
  responses: { 200: json(uploadSchema, 'How much is there'), 404: problem('There is no such upload') },
});

export const deleteUpload = route({
  tag: 'uploads',
  access: 'run',
  method: 'delete',
  path: '/api/uploads/{id}',
  summary: 'Drop an upload',
  request: { params },
  responses: { 204: { description: 'Dropped' }, 404: problem('There is no such upload') },
});

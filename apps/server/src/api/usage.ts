import { z } from '@hono/zod-openapi';
import { id } from './common.js';
import { idParam, json, route } from './route.js';

const count = z.number().int();

/** What a token takes of what there is for all. */
const usageSchema = z
  .object({
    token: id,
    name: z.string().nullable().describe('null: it was revoked'),
    jobs: count.describe('that wait or run'),
    uploads: count.describe('on their way'),
    uploadBytes: z.number().describe('that they announced'),
    devices: count,
    listeners: count.describe('connections that events are sent to'),
    connections: count,
  })
  .openapi('Usage');

/** An address from which requests came that no token was good for. */
const strangerSchema = z
  .object({
    address: z.string().describe('of IPv6 the first 64 bits'),
    requests: count.describe('refused since the server started'),
    last: z.string().describe('ISO 8601'),
  })
  .openapi('Stranger');

export const getUsage = route({
  tag: 'tokens',
  access: 'admin',
  method: 'get',
  path: '/api/usage',
  summary: 'What each token takes up, and where requests without one came from',
  responses: {
    200: json(
      z.object({ tokens: z.array(usageSchema), strangers: z.array(strangerSchema) }).openapi('UsageList'),
      'Tokens that take up something, and the latest addresses without one',
    ),
  },
});

export const clearUsage = route({
  tag: 'tokens',
  access: 'admin',
  method: 'delete',
  path: '/api/usage/{id}',
  summary: 'Cancel the jobs of a token, drop its uploads, forget its devices, and end its connections',
  description: 'Also for a token that was revoked. The token itself stays as it is.',
  request: { params: idParam },
  responses: { 204: { description: 'It takes up nothing now' } },
});

import { z } from '@hono/zod-openapi';
import { id, name, time } from './common.js';
import { pageOf, pageQuery } from './page.js';
import { body, idempotencyHeader, idParam, json, problem, ROLES, route } from './route.js';

/** A token without its secret. */
export const tokenSchema = z
  .object({
    id,
    name,
    role: z.enum(ROLES),
    created: time,
    used: time.nullable().describe('last time, to the minute'),
    expires: time.nullable(),
  })
  .openapi('Token');

export const listTokens = route({
  tag: 'tokens',
  access: 'admin',
  method: 'get',
  path: '/api/tokens',
  summary: 'All tokens',
  responses: { 200: json(z.object({ items: z.array(tokenSchema) }).openapi('TokenList'), 'Tokens') },
});

export const createToken = route({
  tag: 'tokens',
  access: 'admin',
  method: 'post',
  path: '/api/tokens',
  summary: 'Make a token; its secret is in this answer and nowhere else',
  request: {
    headers: idempotencyHeader,
    body: body(
      z
        .strictObject({
          name,
          role: z.enum(ROLES),
          days: z.number().int().min(1).max(3650).optional().describe('until it expires; never by default'),
          minutes: z.number().int().min(1).max(5_256_000).optional().describe('the same in minutes'),
        })
        .refine(({ days, minutes }) => days === undefined || minutes === undefined, 'takes days or minutes, not both')
        .openapi('NewToken'),
    ),
  },
  responses: {
    200: json(
      tokenSchema,
      'Made before, with this Idempotency-Key; the secret was in the first answer. Without it, revoke the token',
    ),
    201: json(tokenSchema.extend({ secret: z.string() }).openapi('TokenWithSecret'), 'Made'),
  },
});

export const deleteToken = route({
  tag: 'tokens',
  access: 'admin',
  method: 'delete',
  path: '/api/tokens/{id}',
  summary: 'Revoke a token, and all sessions that it opened; whoever is connected with it is cut off',
  request: { params: idParam },
  responses: {
    204: { description: 'Revoked' },
    404: problem('There is no such token'),
    409: problem('It is the last administrator'),
  },
});

export const listAudit = route({
  tag: 'tokens',
  access: 'admin',
  method: 'get',
  path: '/api/audit',
  summary: 'Who did what, newest first',
  request: { query: pageQuery },
  responses: {
    200: json(
      pageOf(
        z.object({
          at: time,
          token: z.string().nullable(),
          action: z.string(),
          subject: z.string().nullable(),
          status: z.number().int(),
          address: z.string(),
        }),
      ).openapi('AuditPage'),
      'A page of the audit log',
    ),
  },
});

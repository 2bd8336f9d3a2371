import { z } from '@hono/zod-openapi';
import { id, name, time } from './common.js';
import { body, json, ROLES, route } from './route.js';

/** Who is asking. */
export const sessionSchema = z
  .object({
    role: z.enum(ROLES),
    token: z.object({ id, name }).describe('the token behind this request'),
    by: z.enum(['token', 'session']).describe('an Authorization header, or the cookie of a browser'),
    expires: time.nullable(),
  })
  .openapi('Session');

export const whoami = route({
  tag: 'session',
  access: 'read',
  method: 'get',
  path: '/api/session',
  summary: 'Who am I, and what may I do',
  responses: { 200: json(sessionSchema, 'Who is asking') },
});

export const signIn = route({
  tag: 'session',
  access: 'public',
  method: 'post',
  path: '/api/session',
  summary: 'Sign a browser in: the answer sets an HttpOnly cookie',
  request: {
    body: body(
      z.union([
        z.strictObject({ code: z.string().max(200).describe('of the link that the server printed; it works once') }),
        z.strictObject({ token: z.string().max(200) }),
      ]),
    ),
  },
  responses: { 200: json(sessionSchema, 'Signed in') },
});

export const signOut = route({
  tag: 'session',
  access: 'public',
  method: 'delete',
  path: '/api/session',
  summary: 'Sign this browser out',
  responses: { 204: { description: 'Signed out' } },
});

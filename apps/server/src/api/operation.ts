import { z } from '@hono/zod-openapi';
import { json, problem, route } from './route.js';

export const healthz = route({
  tag: 'operation',
  access: 'public',
  method: 'get',
  path: '/healthz',
  summary: 'The process answers',
  responses: { 200: json(z.object({ status: z.literal('ok') }), 'It answers') },
});

export const readyz = route({
  tag: 'operation',
  access: 'public',
  method: 'get',
  path: '/readyz',
  summary: 'Database and storage can be used',
  responses: {
    200: json(z.object({ status: z.literal('ready') }), 'It is ready'),
    503: problem('It is not: starting, stopping, without its database, or without room on its disk'),
  },
});

export const metrics = route({
  tag: 'operation',
  access: 'read',
  method: 'get',
  path: '/metrics',
  summary: 'Numbers for Prometheus',
  responses: { 200: { description: 'Metrics', content: { 'text/plain': { schema: z.string() } } } },
});

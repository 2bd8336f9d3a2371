import { z } from '@hono/zod-openapi';
import { json, route } from './route.js';

/** What this server is and allows: all that forms have to offer. */
export const aboutSchema = z
  .object({
    version: z.string(),
    limits: z.object({
      uploadBytes: z.number().describe('largest file'),
      storedBytes: z.number().describe('most that all files together may take'),
      usedBytes: z.number(),
      activeJobs: z.number().int().describe('jobs that may wait or run at once'),
      jobSeconds: z.number(),
      jobMemoryBytes: z.number(),
    }),
    presets: z.array(z.string()),
    criteria: z.array(z.string()),
    recoveries: z.array(z.string()),
    protocols: z.array(z.string()),
    preprocessing: z.array(z.string()),
  })
  .openapi('About');

export const about = route({
  tag: 'about',
  access: 'read',
  method: 'get',
  path: '/api/about',
  summary: 'Version, limits, and names that forms offer',
  responses: { 200: json(aboutSchema, 'What this server is') },
});

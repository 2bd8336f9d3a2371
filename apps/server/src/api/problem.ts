import { z } from '@hono/zod-openapi';

/** What went wrong, as RFC 9457 has it; `code` is that of `SnpError`, or one of the server's own. */
export const problemSchema = z
  .object({
    type: z.string().describe('`about:blank`: the status and the code say it all'),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().describe('what is wrong, where, and what to do'),
    code: z.enum([
      'invalid-file',
      'external-data',
      'unsupported',
      'limit',
      'invalid-argument',
      'not-prunable',
      'plan-mismatch',
      'calibration',
      'runtime',
      'io',
      'aborted',
      'plugin',
      'unauthorized',
      'forbidden',
      'cross-origin',
      'not-found',
      'conflict',
      'too-many-requests',
      'too-slow',
      'quota',
      'unavailable',
      'damaged',
      'internal',
    ]),
    place: z
      .object({
        file: z.string().optional(),
        node: z.string().optional(),
        value: z.string().optional(),
        group: z.string().optional(),
      })
      .optional()
      .describe('where in a model'),
    fields: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe('what is wrong with which part of the request'),
    requestId: z.string().describe('the same as in the log of the server'),
  })
  .openapi('Problem');

/** What went wrong. */
export type Problem = z.infer<typeof problemSchema>;

/** What went wrong, as a word. */
export type ProblemCode = Problem['code'];

import { z } from 'zod';
import { benchResultSchema } from '../result/schema.js';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Relative, within the model's folder, and made of plain names. */
const location = z
  .string()
  .max(500)
  .refine(
    (path) => path.split('/').every((part) => /^[^\0\\/:]+$/.test(part) && part !== '.' && part !== '..'),
    'must be a path within the folder of the model',
  );

const protocol = z.object({
  name: z.string().max(100),
  launches: z.number().int().min(1).max(100),
  warmUp: z.object({
    runs: z.number().int().min(0).max(100_000),
    tolerance: z.number().positive().optional(),
    mostSeconds: z.number().positive().max(3600).optional(),
  }),
  turn: z.number().int().min(1).max(10_000),
  runs: z.number().int().min(1).max(1_000_000),
  leastSeconds: z.number().min(0).max(3600),
  statistic: z.enum(['median', 'mean', 'p90']),
  selfCheck: z.boolean(),
});

/** What an agent is asked to measure. Files are named by what they hold, and must be there. */
export const agentJobSchema = z.strictObject({
  models: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(500),
        sha256,
        /** Data files beside the model. */
        data: z.array(z.strictObject({ location, sha256 })).max(1000),
        inputs: z.strictObject({
          batch: z.number().int().min(1).max(4096),
          dims: z.record(z.string(), z.number().int().min(1)).optional(),
        }),
      }),
    )
    .min(1)
    .max(64),
  /** One of the agent's own targets. */
  target: z.string().max(100),
  protocol,
});

/** What an agent is asked to measure. */
export type AgentJob = z.infer<typeof agentJobSchema>;

/** A job and what became of it. `interrupted`: the agent ended in the middle; it is not run again by itself. */
export const agentJobStateSchema = z.object({
  id: z.string(),
  job: agentJobSchema,
  state: z.enum(['queued', 'running', 'done', 'failed', 'interrupted', 'cancelled']),
  submitted: z.string(),
  started: z.string().optional(),
  ended: z.string().optional(),
  progress: z.object({ step: z.string(), done: z.number(), total: z.number().optional() }).optional(),
  result: benchResultSchema.optional(),
  error: z.string().optional(),
});

/** A job and what became of it. */
export type AgentJobState = z.infer<typeof agentJobStateSchema>;

/** What an agent says of itself. */
export const agentInfoSchema = z.object({
  agent: z.literal('snp'),
  version: z.literal(1),
  targets: z.array(
    z.object({
      name: z.string(),
      description: z.string(),
      available: z.boolean(),
      runtime: z.string().optional(),
      version: z.string().optional(),
      detail: z.string().optional(),
      reason: z.string().optional(),
    }),
  ),
  storage: z.object({ usedBytes: z.number(), quotaBytes: z.number() }),
});

/** What an agent says of itself. */
export type AgentInfo = z.infer<typeof agentInfoSchema>;

/** States that do not change any more. */
export const ENDED: ReadonlySet<AgentJobState['state']> = new Set(['done', 'failed', 'interrupted', 'cancelled']);

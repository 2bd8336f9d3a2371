import { z } from 'zod';

const summary = z.object({
  runs: z.number().int(),
  median: z.number(),
  mean: z.number(),
  p90: z.number(),
  p99: z.number(),
  min: z.number(),
  max: z.number(),
  deviation: z.number().describe('standard deviation'),
  outliers: z.number().int().describe('runs beyond three interquartile ranges; they count like all others'),
});

const speedUp = z.object({
  ratio: z.number(),
  low: z.number(),
  high: z.number(),
  level: z.number().describe('how often such intervals hold the truth'),
});

const model = {
  name: z.string(),
  bytes: z.number().int().describe('size of the file, external data not counted'),
  sha256: z.string().describe('of the file'),
};

const measured = z.object({
  ...model,
  state: z.literal('measured'),
  blocks: z
    .array(z.array(z.number()))
    .describe(
      'milliseconds of every run, by process, or by turn where there was only one; blocks of all models lay side by side',
    ),
  summary,
  speedUp: speedUp.optional().describe('over the first model; absent for the first'),
  loadMs: z.number().optional(),
  peakBytes: z.number().optional().describe('most memory of its process, without that of an empty runtime'),
  joulesPerRun: z.number().optional().describe('of the whole device, while this model ran'),
});

const failed = z.object({ ...model, state: z.literal('failed'), error: z.string() });

/** Results as they are stored and exchanged; unknown fields of later versions are refused by their version. */
export const benchResultSchema = z.object({
  format: z.literal('snp-bench'),
  version: z.literal(1),
  date: z.string().describe('ISO 8601'),
  protocol: z.object({
    name: z.string(),
    launches: z.number().int(),
    warmUp: z.object({
      runs: z.number(),
      tolerance: z.number().optional(),
      mostSeconds: z.number().optional(),
    }),
    turn: z.number(),
    runs: z.number(),
    leastSeconds: z.number(),
    statistic: z.enum(['median', 'mean', 'p90']),
    selfCheck: z.boolean(),
  }),
  target: z.object({
    name: z.string(),
    description: z.string(),
    runtime: z.string(),
    version: z.string(),
    detail: z.string().optional(),
  }),
  device: z.object({
    cpu: z.string(),
    cores: z.number().int(),
    architecture: z.string(),
    os: z.string(),
    memoryBytes: z.number(),
    freeMemoryBytes: z.number(),
    governor: z.string().optional(),
    board: z.string().optional(),
    accelerators: z.array(z.string()),
    node: z.string(),
  }),
  inputs: z.object({ batch: z.number().int(), dims: z.record(z.string(), z.number()).optional() }),
  models: z.array(z.discriminatedUnion('state', [measured, failed])),
  selfCheck: speedUp.optional().describe('the first model against itself: what noise alone looks like'),
  observations: z.object({
    othersBusy: z.number().optional().describe('processors that other programs kept busy, on average'),
    throttled: z.number().optional().describe('times the processor slowed down because of heat'),
  }),
  warnings: z.array(z.string()),
});

/** What a measurement gave: everything that is needed to judge it, to repeat it and to compare it. */
export type BenchResult = z.infer<typeof benchResultSchema>;

/** One model of a result. */
export type ModelResult = BenchResult['models'][number];

/** A model that could be measured. */
export type MeasuredModel = Extract<ModelResult, { state: 'measured' }>;

import { z } from '@hono/zod-openapi';
import { benchResultSchema } from '@snp/bench';
import { cost, costBudget, id, name, orNull, plan, shares, time } from './common.js';

/** Which samples of a data set, and how pictures become numbers: the options of the command. */
const samples = z.strictObject({
  preprocess: z.enum(['imagenet', 'inception', 'clip', 'cifar10']).optional(),
  limit: z.number().int().min(1).optional().describe('at most so many'),
  every: z.number().int().min(1).optional().describe('every so many-th'),
  start: z.number().int().min(0).optional().describe('position of the first'),
  batch: z.number().int().min(1).max(1024).optional().describe('samples per run of the model'),
});

/** Plug-ins that jobs may name. */
export const PLUGIN_NAMES = ['head', 'block', 'whole-block'] as const;

const plugins = z
  .array(z.enum(PLUGIN_NAMES))
  .max(3)
  .optional()
  .describe('units beyond neurons that may leave too: heads, attention and FFN branches, whole blocks');

export const calibrationInput = samples
  .extend({
    model: id,
    dataset: id,
    shards: z
      .number()
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe('jobs that share the samples, on as many workers as there are'),
    effects: z
      .boolean()
      .default(true)
      .describe('measure what each group does to the answers: dividing a budget takes it'),
    plugins,
  })
  .openapi('NewCalibration');

/** How small, and where latency counts. */
const pruneTarget = z.union([
  z.strictObject({ preset: z.string().max(100) }),
  z.strictObject({ ratios: shares }),
  z.strictObject({ budget: costBudget }),
  z.strictObject({
    latency: z
      .strictObject({
        device: id,
        target: z.string().max(100).default('cpu'),
        share: z.number().positive().max(1).optional(),
        ms: z.number().positive().optional(),
      })
      .refine(({ share, ms }) => (share === undefined) !== (ms === undefined), 'needs share or ms, one of them'),
    budget: costBudget.optional(),
  }),
  z.strictObject({ plan }),
]);

export const pruningInput = z
  .strictObject({
    model: id,
    target: pruneTarget,
    calibration: id.optional().describe('a calibration of this model that is done, or on its way: the statistics'),
    dataset: samples
      .extend({ id })
      .optional()
      .describe('typical inputs: calibrated with, or, beside a calibration, compared on'),
    plugins,
    criterion: z.string().max(100).optional(),
    seed: z.number().int().min(0).optional(),
    recovery: z.enum(['none', 'mean', 'ridge', 'full']).optional(),
    allocation: z.enum(['planned', 'even']).optional(),
    least: shares.optional(),
    round: z.number().int().min(1).max(1024).optional(),
    holdBack: z.boolean().optional(),
    tune: z
      .union([
        z.strictObject({ minutes: z.number().positive().max(1440) }),
        z.strictObject({ epochs: z.number().int().min(1).max(1000) }),
      ])
      .optional()
      .describe('train the pruned model towards the original afterwards, on the data set'),
    name: name.optional().describe('of the result; default `NAME.snp.onnx`'),
  })
  .openapi('NewPruning');

export const sweepInput = z
  .strictObject({
    model: id,
    calibration: id,
    dataset: samples.extend({ id }).optional().describe('inputs to compare answers on'),
    of: z.enum(['macs', 'params', 'bytes']).default('macs'),
    keep: z.array(z.number().positive()).min(1).max(40).default([0.9, 0.8, 0.7, 0.6, 0.5, 0.4]),
    round: z.number().int().min(1).max(1024).optional(),
    least: shares.optional(),
    plugins,
  })
  .openapi('NewSweep');

export const benchmarkInput = z
  .strictObject({
    models: z.array(id).min(1).max(16).describe('the first is the one that the others are compared with'),
    device: id,
    target: z.string().max(100).default('cpu'),
    protocol: z.string().max(100).default('default'),
    batch: z.number().int().min(1).max(4096).default(1),
    dims: z.record(z.string(), z.number().int().min(1)).optional(),
  })
  .openapi('NewBenchmark');

const interval = z.object({ low: z.number(), high: z.number() });

const fidelity = z
  .object({
    kind: z.enum(['scores', 'embeddings']).optional().describe('what the answers are; absent in old results: scores'),
    samples: z.number().int(),
    answers: z.number().int().optional().describe('what was compared: of a text, its tokens'),
    agreement: z.number().optional().describe('of scores: share of answers with the same highest one'),
    cosine: z.number(),
    lowCosine: z.number().optional().describe('of embeddings: the cosine that 5 % of the answers are below'),
    rankCorrelation: z.number().optional().describe('of embeddings: of the similarities between any two samples'),
    divergence: z.number().describe('of scores in nats; of embeddings the squared error as a share of the variance'),
    difference: z.number(),
    interval: z
      .object({ agreement: interval.optional(), cosine: interval.optional(), divergence: interval })
      .optional()
      .describe('where each lies with 95 % confidence'),
  })
  .openapi('Fidelity');

const sweepPoint = z
  .object({
    budget: z.record(z.string(), z.number()),
    cost: z.object({ before: cost, after: cost }),
    latency: z.looseObject({ ratio: z.number() }).describe('on the worker that made it'),
    fidelity: fidelity.optional(),
    top1: z.object({ before: z.number(), after: z.number() }).optional(),
    model: id.describe('the pruned model'),
  })
  .openapi('SweepPoint');

const measuredModel = benchResultSchema.shape.models.element;

/** A benchmark without its single runs, which are in the artefact `benchmark.json`. */
const benchmarkResult = benchResultSchema
  .omit({ models: true })
  .extend({
    models: z.array(
      z.discriminatedUnion('state', [
        measuredModel.options[0].omit({ blocks: true }).extend({ id }),
        measuredModel.options[1].extend({ id }),
      ]),
    ),
  })
  .openapi('BenchmarkResult');

export const JOB_STATES = ['waiting', 'queued', 'running', 'done', 'failed', 'cancelled'] as const;

const common = {
  id,
  state: z
    .enum(JOB_STATES)
    .describe('`waiting`: for other jobs it builds on; `queued`: for a worker. The last three are ends'),
  title: z.string(),
  parent: id.nullable().describe('the job that this one is a part of'),
  parts: z
    .object({ total: z.number().int(), done: z.number().int() })
    .nullable()
    .describe('jobs that this one is divided into'),
  progress: z
    .object({
      step: z
        .string()
        .describe(
          'read, analyze, calibrate, solve, gradients, probe, plan, score, recover, apply, match, compare, write, load, warm-up, measure',
        ),
      done: z.number(),
      total: z.number().nullable(),
      seconds: z.number().describe('since it began to run'),
    })
    .nullable(),
  attempt: z.number().int().describe('times it was taken up; more than 1 where a worker died'),
  worker: z.string().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  artefacts: z.array(
    z.object({ name: z.string(), type: z.string(), bytes: z.number(), sha256: z.string(), url: z.string() }),
  ),
  createdBy: z.string().describe('name of the token'),
  created: time,
  started: time.nullable(),
  ended: time.nullable(),
};

const inspectJob = z.object({
  ...common,
  type: z.literal('inspect'),
  input: z.object({ model: id }),
  result: z.object({ cost }).nullable(),
});
const calibrateJob = z.object({
  ...common,
  type: z.literal('calibrate'),
  input: calibrationInput,
  result: z
    .object({
      samples: z.number().int(),
      groups: z.number().int(),
      skipped: z.array(z.object({ name: z.string(), reason: z.string() })),
    })
    .nullable(),
});
const calibrateShardJob = z.object({
  ...common,
  type: z.literal('calibrate-shard'),
  input: calibrationInput.omit({ shards: true }).extend({ shard: z.number().int(), of: z.number().int() }),
  result: z
    .object({ samples: z.number().int(), skipped: z.array(z.object({ name: z.string(), reason: z.string() })) })
    .nullable(),
});
const tuningFigures = z.object({
  loss: z.number(),
  agreement: z.number().optional(),
  accuracy: z.number().optional(),
});

const pruneJob = z.object({
  ...common,
  type: z.literal('prune'),
  input: pruningInput,
  result: z
    .object({
      model: id.describe('the pruned model'),
      criterion: z.string(),
      recovery: z.string(),
      budget: z.string().describe('in words'),
      cost: z.object({ before: cost, after: cost }),
      blocks: z.array(z.object({ block: z.number().int().nullable(), before: cost, after: cost })),
      groups: z.array(
        z.object({
          id: z.string(),
          kind: z.string(),
          block: z.number().int().nullable(),
          lanes: z.number(),
          before: z.number(),
          after: z.number(),
        }),
      ),
      fidelity: orNull(fidelity),
      tradeOff: z.array(z.object({ macs: z.number(), divergence: z.number() })).nullable(),
      latency: z.looseObject({}).nullable().describe('what was measured for a latency budget'),
      tuning: z
        .object({
          before: tuningFigures,
          after: tuningFigures,
          better: z.boolean().describe('whether something better was found, and taken'),
          steps: z.number().int(),
          epochs: z.number(),
          samples: z.object({ trained: z.number().int(), heldBack: z.number().int() }),
          rate: z.number(),
          fidelityBefore: fidelity.optional().describe('of the samples of `fidelity`, before training'),
          history: z.array(tuningFigures.extend({ epoch: z.number(), seconds: z.number() })),
        })
        .nullish()
        .describe('what training came to, on samples that chose what was taken; absent in old results'),
      samples: z.number().int(),
      warnings: z.array(z.string()),
      seconds: z.record(z.string(), z.number()),
    })
    .nullable(),
});
const sweepJob = z.object({
  ...common,
  type: z.literal('sweep'),
  input: sweepInput,
  result: z.object({ points: z.array(sweepPoint) }).nullable(),
});
const sweepPointJob = z.object({
  ...common,
  type: z.literal('sweep-point'),
  input: sweepInput.omit({ keep: true }).extend({ keep: z.number() }),
  result: orNull(sweepPoint),
});
const benchmarkJob = z.object({
  ...common,
  type: z.literal('benchmark'),
  input: benchmarkInput,
  result: orNull(benchmarkResult),
});

/** A piece of work, from its asking to its result. */
export const jobSchema = z
  .discriminatedUnion('type', [
    inspectJob.openapi('InspectJob'),
    calibrateJob.openapi('CalibrateJob'),
    calibrateShardJob.openapi('CalibrateShardJob'),
    pruneJob.openapi('PruneJob'),
    sweepJob.openapi('SweepJob'),
    sweepPointJob.openapi('SweepPointJob'),
    benchmarkJob.openapi('BenchmarkJob'),
  ])
  .openapi('Job');

/** What a job does. */
export const JOB_TYPES = jobSchema.options.map(({ shape }) => shape.type.value);

/** A line of a job's log. */
export const logSchema = z
  .object({ seq: z.number().int(), at: time, level: z.enum(['info', 'warn', 'error']), text: z.string() })
  .openapi('LogLine');

import { z } from '@hono/zod-openapi';
import { cost, costBudget, id, KINDS, plan, shares, widths } from './common.js';
import { body, idParam, json, problem, route } from './route.js';

const block = z
  .object({
    block: z.number().int(),
    heads: z.number().int(),
    queryKey: z.number().int().nullable().describe('query/key neurons per head; null: frozen or not there'),
    value: z.number().int().nullable(),
    ffn: z.array(z.number().int()).describe('hidden neurons of each FFN of the block'),
    groups: z.array(z.string()).describe('ids of its groups'),
    macs: z.number(),
    params: z.number(),
    bytes: z.number(),
  })
  .openapi('Block');

const group = z
  .object({
    id: z.string(),
    kind: z.enum(KINDS),
    block: z.number().int().nullable(),
    units: z.number().int(),
    lanes: z.number().int().describe('heads: each keeps equally many units'),
    width: z.number().int().describe('units per head'),
    laneOf: z
      .array(z.number().int())
      .nullable()
      .describe('head of every unit; null where the units of each head follow one another'),
    members: z
      .array(
        z.object({
          initializer: z.string(),
          dims: z.array(z.number().int()),
          axis: z.number().int(),
          role: z.enum(['output', 'input', 'elementwise']).describe('writes the units, reads them, scales them'),
          nodes: z.array(z.string()).describe('nodes that read it'),
        }),
      )
      .describe('what leaves together'),
  })
  .openapi('Group');

const frozen = z
  .object({
    kind: z.enum(KINDS).nullable(),
    units: z.number().int(),
    initializers: z.array(z.object({ initializer: z.string(), axis: z.number().int() })),
    node: z.string().nullable(),
    operator: z.string().nullable(),
    reason: z.string(),
  })
  .openapi('FrozenPart');

/** What a model is made of, what can be pruned, what cannot and why. */
export const analysisSchema = z
  .object({
    opset: z.number().int(),
    producer: z.string(),
    nodes: z.number().int(),
    fingerprint: z.string().describe('what plans for this model must name'),
    inputs: z.array(
      z.object({ name: z.string(), type: z.string(), dims: z.array(z.union([z.number(), z.string(), z.null()])) }),
    ),
    outputs: z.array(
      z.object({ name: z.string(), type: z.string(), dims: z.array(z.union([z.number(), z.string(), z.null()])) }),
    ),
    cost,
    outside: cost.describe('cost outside of blocks'),
    assumedDims: z.record(z.string(), z.number()).describe('sizes of free dimensions that costs are counted with'),
    prunable: cost.describe('shares, 0 to 1, of the cost that pruning gets at'),
    operators: z.record(z.string(), z.number().int()).describe('nodes by operator'),
    blocks: z.array(block),
    groups: z.array(group),
    frozen: z.array(frozen),
    notPrunable: z.string().nullable().describe('why nothing can be pruned; null where something can'),
  })
  .openapi('Analysis');

export const getAnalysis = route({
  tag: 'models',
  access: 'read',
  method: 'get',
  path: '/api/models/{id}/analysis',
  summary: 'Blocks, widths, cost, groups, and what is frozen and why',
  request: { params: idParam },
  responses: {
    200: json(analysisSchema, 'The analysis'),
    404: problem('There is no such model'),
    409: problem('The model is not ready: it is being checked, or was refused'),
  },
});

/** How small, without measuring: exactly one of these. */
export const staticTarget = z.union([
  z.strictObject({ preset: z.string().max(100) }),
  z.strictObject({ ratios: shares }).describe('fractions to remove, by kind or group'),
  z.strictObject({ budget: costBudget }),
  z.strictObject({ widths }),
  z.strictObject({ plan }),
]);

export const predictionSchema = z
  .object({
    widths: widths.describe('units that stay per head, of every group'),
    before: cost,
    after: cost,
    divergence: z
      .number()
      .nullable()
      .describe('expected divergence of the answers in nats, the sum over groups; null without a calibration'),
    damage: z.record(z.string(), z.number()).describe('the same by group; empty without a calibration'),
  })
  .openapi('Prediction');

export const predict = route({
  tag: 'models',
  access: 'read',
  method: 'post',
  path: '/api/models/{id}/predictions',
  summary: 'What a budget, ratios or widths would cost: quick enough for sliders, and nothing is made',
  request: {
    params: idParam,
    body: body(
      z
        .strictObject({
          target: staticTarget,
          calibration: id
            .optional()
            .describe(
              'a calibration of this model: budgets are divided by what it measured, and divergence is predicted',
            ),
          round: z.number().int().min(1).max(1024).optional().describe('widths become multiples of it'),
          least: shares.optional().describe('share of a kind or group that stays in any case'),
        })
        .openapi('PredictionRequest'),
    ),
  },
  responses: {
    200: json(predictionSchema, 'The prediction'),
    404: problem('There is no such model or calibration'),
    409: problem('The model is not ready'),
    422: problem('The target does not fit the model, or cannot be met'),
  },
});

export const tradeOffSchema = z
  .object({
    points: z.array(
      z.object({
        macs: z.number().describe('share of the original that is left'),
        params: z.number().describe('share of the original that is left'),
        divergence: z.number(),
      }),
    ),
  })
  .openapi('TradeOff');

export const getTradeOff = route({
  tag: 'models',
  access: 'read',
  method: 'get',
  path: '/api/models/{id}/trade-off',
  summary: 'The predicted trade-off between cost and answers',
  request: { params: idParam, query: z.object({ calibration: id }) },
  responses: {
    200: json(tradeOffSchema, 'Points from the whole model down'),
    404: problem('There is no such model or calibration'),
    409: problem('The calibration is not done'),
  },
});

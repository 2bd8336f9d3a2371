import { ANSWER_KINDS, COMPENSATION_KINDS, presets } from '@snp/core';
import { z } from 'zod';
import { budget, duration, fraction, latency } from '../options/numbers.js';
import { tuneLength } from '../options/tuning.js';

/** A text in the form that a flag takes, or a number. */
function written<T>(parse: (text: string) => T, form: string) {
  return z.union([z.number(), z.string()], { error: `must be ${form}` }).transform((value, context) => {
    try {
      return parse(String(value));
    } catch {
      context.addIssue({ code: 'custom', message: `must be ${form}` });
      return z.NEVER;
    }
  });
}

const amount = written(budget, 'a share (0.6, "60%") or an absolute amount ("0.64G", "3M")');
const share = written(fraction, 'a share from 0 to 1: 0.05 or "5%"');
const whole = (least: number) =>
  z.int(`must be a whole number from ${least} on`).min(least, `must be a whole number from ${least} on`);
const text = z.string('must be a text');
const oneOf = <const T extends readonly string[]>(values: T) => z.enum(values, `must be ${values.join(', ')}`);
const own = (what: string) =>
  z.custom<object>((value) => typeof value === 'object' && value !== null, `must be ${what}`);

const calibration = z.strictObject({
  data: text.describe('typical inputs: pictures, texts (.txt, .jsonl), or .npy/.npz/.safetensors files'),
  preprocess: text.optional().describe('how pictures become numbers: a name or a preprocessor_config.json'),
  tokenizer: text.optional().describe("for texts: the model's tokenizer.json"),
  tokens: whole(2).optional().describe('for texts: tokens of a sample, at most'),
  field: text.optional().describe('for .jsonl and .json: field that holds the text'),
  pack: z
    .boolean('must be true or false')
    .optional()
    .describe('for texts: put one behind the other, in samples of equal length'),
  stride: whole(1).optional().describe('with pack: tokens from the begin of a sample to that of the next'),
  limit: whole(1).optional().describe('use at most so many samples'),
  every: whole(1).optional().describe('use every so many-th sample'),
  start: whole(0).optional().describe('position of the first sample, from 0'),
  batch: whole(1).optional().describe('samples per run of the model'),
});

const sweep = z.strictObject({
  keep: z.array(amount, 'must be a list of amounts: [0.8, "60%"]').min(1).optional().describe('budgets'),
  of: oneOf(['macs', 'params', 'bytes']).optional().describe('what the budgets limit'),
  data: text.optional().describe('other inputs to compare answers on'),
  output: text.optional().describe('folder for models, sweep.json and sweep.html'),
});

/** All that a configuration file may say: the options of `snp prune` and `snp sweep`, under the names of the library. */
export const configSchema = z.strictObject({
  $schema: text.optional().describe('where this schema lies, for editors'),
  preset: oneOf(Object.keys(presets)).optional().describe('a published architecture'),
  budget: z
    .strictObject({ macs: amount.optional(), params: amount.optional(), bytes: amount.optional() })
    .optional()
    .describe('what the result may cost: shares of the original or absolute amounts'),
  count: oneOf(['all', 'body'])
    .optional()
    .describe('what the budget counts: the whole model, or its Transformer blocks alone'),
  latency: written(latency, 'a share of the original\'s latency (0.6, "60%") or milliseconds ("12ms")')
    .optional()
    .describe('latency that may be left on the target'),
  ratios: z.record(z.string(), share).optional().describe('fractions to remove, by kind or group'),
  plan: text.optional().describe('a plan made before'),
  target: text.optional().describe('with latency: where models run'),
  dims: z.record(z.string(), whole(1)).optional().describe('sizes of free dimensions of inputs'),
  table: text.optional().describe("with latency: what 'snp profile' measured"),
  allocation: oneOf(['planned', 'even']).optional().describe('how a budget is divided'),
  least: z.record(z.string(), share).optional().describe('shares that stay in any case, by kind or group'),
  round: whole(1).optional().describe('widths per head become multiples of this'),
  criterion: z
    .union([text, own('a criterion')], { error: 'must be the name of a criterion, or a criterion { name, score }' })
    .optional()
    .describe('which neurons leave'),
  seed: whole(0).optional().describe('seed of what is drawn: which samples a limit takes, random criteria'),
  plugins: z
    .array(
      z.union([text, own('a criterion or plug-in')], { error: 'must be a file, a package, a criterion or a plug-in' }),
    )
    .optional()
    .describe("criteria and plug-ins of one's own: files, packages, or inline"),
  pluginTimeout: written(duration, 'a time with its unit: "500ms", "60s", "10m"')
    .optional()
    .describe('longest time of a call of a criterion or plug-in'),
  compensation: oneOf(COMPENSATION_KINDS).optional().describe('how what stays makes up for what leaves'),
  recovery: oneOf(COMPENSATION_KINDS).optional().describe('the old name of compensation'),
  reconstruct: z
    .boolean('must be true or false')
    .optional()
    .describe('refit the branches of the pruned model, each to make up for errors before it'),
  tune: written(tuneLength, 'a time with its unit ("20m") or a whole number of epochs (5)')
    .optional()
    .describe('train the pruned model towards the original afterwards'),
  verify: z
    .boolean('must be true or false')
    .optional()
    .describe('run the result, to prove that it equals the original with the removed units at zero'),
  holdBack: z.boolean('must be true or false').optional().describe('hold every eighth sample back to compare answers'),
  companions: z.array(text).optional().describe('files that share weights with the model: pruned in step'),
  narrowCache: z
    .boolean('must be true or false')
    .optional()
    .describe('also cut past keys and values where they are inputs and outputs of the model'),
  answers: oneOf(ANSWER_KINDS).optional().describe('what the outputs are: scores or embeddings'),
  calibration: z
    .union([text, calibration], {
      error:
        'must be a folder or file of typical inputs, or { data, preprocess, tokenizer, tokens, field, pack, stride, limit, every, start, batch }',
    })
    .optional()
    .describe('typical inputs'),
  statistics: z
    .union([text, z.array(text)], { error: 'must be a file that calibrate made, or a list of them' })
    .optional()
    .describe('what calibrate gathered'),
  report: text.optional().describe('folder for plan.json, report.json and report.html'),
  output: text.optional().describe('where the pruned model goes'),
  followLinks: z
    .boolean('must be true or false')
    .optional()
    .describe('read external data through links out of the folder of the model'),
  sweep: sweep.optional().describe('options of snp sweep alone'),
});

/** A configuration after it was read. */
export type ParsedConfig = z.output<typeof configSchema>;

/** The schema for editors, for configurations in JSON. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, {
    io: 'input',
    unrepresentable: 'any',
    // What only code can say.
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === 'custom') jsonSchema.not = {};
    },
  });
}

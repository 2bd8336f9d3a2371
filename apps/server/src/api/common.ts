import { z } from '@hono/zod-openapi';

/** Number of a resource. */
export const id = z.string().max(100);

/** ISO 8601. */
export const time = z.string().describe('ISO 8601');

/** Name that people gave something: any text on one line that is no path. Files are named after it, with endings, in at most 255 bytes. */
export const name = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine(
    (text) => !/[\p{Cc}\p{Surrogate}\\/]/u.test(text) && text !== '.' && text !== '..',
    'must be one line without / and \\',
  )
  .refine((text) => Buffer.byteLength(text) <= 200, 'must have at most 200 bytes in UTF-8');

/** Content hash. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256, 64 hexadecimal digits');

/** Folders within folders that a path may go down. */
const MOST_DEPTH = 16;

/** Path of a file within a folder: no way out of it. */
export const location = z
  .string()
  .min(1)
  .max(500)
  .superRefine((path, { addIssue }) => {
    const message = faultOf(path);
    if (message) addIssue({ code: 'custom', message });
  });

/** What is wrong with a path, told by the first thing: there may be tens of thousands. */
function faultOf(path: string): string | undefined {
  const parts = path.split('/');
  if (parts.length > MOST_DEPTH) return `must have at most ${MOST_DEPTH} parts`;
  if (parts.some((part) => part === '' || part === '.' || part === '..') || /[\p{Cc}\p{Surrogate}\\:]/u.test(path))
    return 'must be a path within the folder, made of plain names';
  if (parts.some((part) => part.length > 80 && Buffer.byteLength(part) > 255))
    return 'must be made of names of at most 255 bytes in UTF-8';
  return undefined;
}

/** The schema or null. `nullable()` on a schema with a name of its own would make it nullable wherever that name is used. */
export function orNull<S extends z.ZodType>(schema: S) {
  return z.union([schema, z.null()]);
}

/** What a model costs. */
export const cost = z
  .object({
    macs: z.number().describe('multiply-accumulate operations of one run at batch 1'),
    params: z.number(),
    bytes: z.number().describe('bytes of the weights'),
  })
  .openapi('Cost');

/** Units that stay per head, by group; groups that are not named are whole. */
export const widths = z.record(z.string(), z.number().int().min(1));

/** Fractions or shares by kind or id of group. */
export const shares = z.record(z.string(), z.number().min(0).max(1));

/** What the result may cost: a share up to 1 of the original's, or an absolute number. */
export const costBudget = z
  .object({
    macs: z.number().positive().optional(),
    params: z.number().positive().optional(),
    bytes: z.number().positive().optional(),
  })
  .refine(
    (budget) => Object.values(budget).some((limit) => limit !== undefined),
    'must limit at least one of macs, params, bytes',
  )
  .openapi('CostBudget');

/** Which units stay, as `@snp/core` has it; the model's own groups are checked when it is used. */
export const plan = z
  .looseObject({
    format: z.literal('snp-plan'),
    version: z.union([z.literal(1), z.literal(2)]),
    tool: z.string().optional(),
    model: z.object({ fingerprint: z.string() }),
    groups: z.record(
      z.string(),
      z.object({ units: z.number().int(), lanes: z.number().int(), keep: z.array(z.number().int()) }),
    ),
    compensation: z.looseObject({ kind: z.enum(['mean', 'ridge', 'full']) }).optional(),
    recovery: z.enum(['mean', 'ridge', 'full']).optional().describe('of version 1, in place of compensation'),
  })
  .openapi('Plan');

export const KINDS = ['query-key', 'value', 'ffn', 'residual', 'channel', 'head', 'block'] as const;

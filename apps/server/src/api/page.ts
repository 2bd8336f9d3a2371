import { z } from '@hono/zod-openapi';

/** Query of every list: newest first, a page at a time. */
export const pageQuery = z.object({
  cursor: z.string().max(200).optional().describe('`next` of the page before'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

/** A page of a list. */
export function pageOf<S extends z.ZodType>(item: S) {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().describe('cursor of the next page; null on the last one'),
  });
}

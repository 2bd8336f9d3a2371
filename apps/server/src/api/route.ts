import { createRoute, type RouteConfig, z } from '@hono/zod-openapi';
import { problemSchema } from './problem.js';

/** What a token may do: `read` looks, `run` also uploads and starts work, `admin` everything. `device` is for agents: it takes jobs and nothing else. */
export const ROLES = ['read', 'run', 'admin', 'device'] as const;

/** What a token may do. */
export type Role = (typeof ROLES)[number];

/** Who may use a route: a role, or anyone at all. */
type Access = Role | 'public';

type Described = Omit<RouteConfig, 'security' | 'responses' | 'tags'> & {
  tag: string;
  access: Access;
  summary: string;
  responses: RouteConfig['responses'];
};

/** Answers that any route may give. */
const PROBLEMS = {
  400: 'The request is not understood',
  401: 'The token is missing or wrong',
  403: 'The role is not allowed this, or the request comes from another site',
  429: 'Too many requests',
} as const;

/**
 * A route of the API. Who may use it is part of the contract: it stands in the OpenAPI document as the scope of the security schemes, and is enforced
 * from there (`http/access.ts`).
 */
export function route<const R extends Described>({ tag, access, responses, ...config }: R) {
  const security: Record<string, string[]>[] = access === 'public' ? [] : [{ token: [access] }, { session: [access] }];
  const problems = Object.fromEntries(Object.entries(PROBLEMS).map(([status, text]) => [status, problem(text)]));
  return createRoute({
    ...(config as Omit<R, 'tag' | 'access' | 'responses'>),
    tags: [tag],
    security,
    responses: { ...problems, ...responses } as R['responses'],
  });
}

/** An answer in JSON. */
export function json<S extends z.ZodType>(schema: S, description: string) {
  return { description, content: { 'application/json': { schema } } } as const;
}

/** A request body in JSON, which must be there. */
export function body<S extends z.ZodType>(schema: S) {
  return { required: true, content: { 'application/json': { schema } } } as const;
}

/** An answer that says what went wrong (RFC 9457). */
export function problem(description: string) {
  return { description, content: { 'application/problem+json': { schema: problemSchema } } } as const;
}

/** The path of one resource. */
export const idParam = z.object({
  id: z
    .string()
    .max(100)
    .openapi({ param: { name: 'id', in: 'path' } }),
});

/** Sent again with the same key, a request is answered as it was the first time, and nothing is done twice. */
export const idempotencyHeader = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('Repeated within a day, the first answer is given again, and nothing is done twice.'),
});

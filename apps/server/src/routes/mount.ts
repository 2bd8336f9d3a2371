import type { OpenAPIHono, RouteConfig, RouteHandler } from '@hono/zod-openapi';
import { access } from '../http/access.js';
import { bodyDepth } from '../http/bodyDepth.js';
import type { Env } from '../http/env.js';
import type { Services } from '../services.js';

/** Gives a route of the contract its handler, behind the access that the contract says. */
export function mount<R extends RouteConfig & { getRoutingPath(): string }>(
  app: OpenAPIHono<Env>,
  { tokens, sessionCookie, limits, connections }: Services,
  route: R,
  handler: RouteHandler<R, Env>,
): void {
  app.openapi(
    {
      ...route,
      middleware: [
        access(route, { tokens, sessionCookie, limits, connections }),
        ...(isJson(route) ? [bodyDepth()] : []),
      ],
    } as unknown as R,
    handler as never,
  );
}

function isJson({ request }: RouteConfig): boolean {
  return request?.body?.content['application/json'] !== undefined;
}

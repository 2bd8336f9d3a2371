import type { OpenAPIHono, RouteConfig, RouteHandler } from '@hono/zod-openapi';
import { type AccessServices, access } from '../http/access.js';
import { bodyDepth } from '../http/bodyDepth.js';
import type { Env } from '../http/env.js';

/** Gives a route of the contract its handler, behind the access that the contract says. */
export function mount<R extends RouteConfig & { getRoutingPath(): string }>(
  app: OpenAPIHono<Env>,
  services: AccessServices,
  route: R,
  handler: RouteHandler<R, Env>,
): void {
  app.openapi(
    {
      ...route,
      middleware: [access(route, services), ...(isJson(route) ? [bodyDepth()] : [])],
    } as unknown as R,
    handler as never,
  );
}

function isJson({ request }: RouteConfig): boolean {
  return request?.body?.content['application/json'] !== undefined;
}

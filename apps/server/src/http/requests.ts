import { randomUUID } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { Log } from '../log.js';
import type { Metrics } from '../operation/metrics.js';
import type { Audit } from './audit.js';
import type { Env } from './env.js';

/** Bodies other than uploads, which keep their own pace, must be there within so many milliseconds. */
const BODY_TIME = 30_000;

/** Gives every request a number, and notes how it went: in the log without headers and queries, where secrets may stand. */
export function requests(log: Log, metrics: Metrics, audit: Audit): MiddlewareHandler<Env> {
  return async (context, next) => {
    const start = performance.now();
    const requestId = randomUUID();
    context.set('requestId', requestId);
    const { method, path } = context.req;
    const { incoming } = context.env;
    const late = setTimeout(() => {
      if (!incoming.complete && !path.startsWith('/api/uploads/')) incoming.destroy();
    }, BODY_TIME);
    await next();
    clearTimeout(late);
    context.res.headers.set('x-request-id', requestId);
    const { status } = context.res;
    const seconds = (performance.now() - start) / 1000;
    metrics.request(method, routeOf(context), status, seconds);
    log.debug({ requestId, method, path: path.slice(0, 300), status, ms: Math.round(1000 * seconds) }, 'request');
    await audit.note(context);
  };
}

/** The pattern that a request met: addresses themselves would be numbers without end. */
function routeOf(context: Context<Env>): string {
  return matchedRoutes(context).findLast(({ path }) => !path.endsWith('*'))?.path ?? 'other';
}

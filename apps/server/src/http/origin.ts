import type { MiddlewareHandler } from 'hono';
import { Failure } from '../failure.js';
import type { Env } from './env.js';

/** Names of this machine for itself. */
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Refuses what other sites make browsers send. A browser says where a request comes from (`Sec-Fetch-Site`, `Origin`); programs do not, and
 * need no cookie. On loopback, the name in `Host` must be this machine's: else a foreign name could be made to point here.
 *
 * @param publicUrl Where the server is reached from outside, if it is.
 */
export function sameOrigin(publicUrl: string | undefined, loopbackOnly: boolean): MiddlewareHandler<Env> {
  const known = publicUrl === undefined ? undefined : new URL(publicUrl).host;
  return async (context, next) => {
    const host = context.req.header('host') ?? '';
    const name = host.replace(/:\d+$/, '').toLowerCase();
    if (loopbackOnly && !LOOPBACK.has(name) && host !== known)
      throw new Failure(
        'cross-origin',
        `This server is not '${name.slice(0, 100)}'. Ask it under its own name, or set its public URL.`,
      );
    const site = context.req.header('sec-fetch-site');
    const origin = context.req.header('origin');
    const navigation = context.req.header('sec-fetch-mode') === 'navigate' && context.req.method === 'GET';
    // A link from elsewhere may lead to a page, which then asks by itself. It cannot lead to data.
    const page = navigation && !context.req.path.startsWith('/api/');
    if (site !== undefined && site !== 'same-origin' && site !== 'none' && !page) refuse();
    if (origin !== undefined && !isOwn(origin, host, known)) refuse();
    return next();
  };
}

function isOwn(origin: string, host: string, known: string | undefined): boolean {
  try {
    const own = new URL(origin).host;
    return own === host || own === known;
  } catch {
    return false;
  }
}

function refuse(): never {
  throw new Failure('cross-origin', 'The request comes from another site.');
}

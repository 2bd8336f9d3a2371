import { createHash, timingSafeEqual } from 'node:crypto';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context, MiddlewareHandler } from 'hono';

/** Wrong tokens that an address may try in a minute. */
const GUESSES = 20;
const MINUTE = 60_000;

/** Addresses that are remembered at once. */
const MOST_ADDRESSES = 10_000;

/** Names of this machine for itself. */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;

/**
 * Refuses requests under a foreign name where an agent can be reached from its own machine alone: a page of another site could have made its
 * name point here.
 */
export function ownName(host: string): MiddlewareHandler {
  const isLoopback = LOOPBACK.test(host.includes(':') ? `[${host}]` : host);
  return async (context, next) => {
    if (isLoopback && !LOOPBACK.test(context.req.header('host') ?? ''))
      return context.json(
        { error: 'cross-origin', message: 'This agent has another name. Ask it under its own.' },
        403,
      );
    return next();
  };
}

/** Lets through who has the token. Nobody tries tokens until one fits; right ones are never counted. */
export function withToken(token: string): MiddlewareHandler {
  const guesses = new Map<string, { count: number; until: number }>();
  const isTooMany = (context: Context): boolean => {
    const address = getConnInfo(context).remote.address ?? '';
    const now = Date.now();
    const known = guesses.get(address);
    const own = known && known.until > now ? known : { count: 0, until: now + MINUTE };
    own.count++;
    guesses.delete(address);
    guesses.set(address, own);
    if (guesses.size > MOST_ADDRESSES) guesses.delete(guesses.keys().next().value!);
    return own.count > GUESSES;
  };
  return async (context, next) => {
    if (sameSecret(context.req.header('authorization') ?? '', `Bearer ${token}`)) return next();
    if (!isTooMany(context))
      return context.json({ error: 'unauthorized', message: 'The token is missing or wrong.' }, 401);
    const message = 'Too many wrong tokens. Wait a minute.';
    return context.json({ error: 'too-many-requests', message }, 429, { 'retry-after': String(MINUTE / 1000) });
  };
}

/** Takes as long whatever differs. */
function sameSecret(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

import type { RouteConfig } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import type { Role } from '../api/route.js';
import type { Tokens } from '../security/tokens.js';
import type { Env } from './env.js';
import { Failure } from './failure.js';
import type { RateLimits } from './rateLimits.js';

/** Name of the cookie of a browser that signed in. */
export const SESSION_COOKIE = 'snp_session';

/** What each role may do beside its own: whoever may run may read. */
const INCLUDES: Readonly<Record<Role, readonly Role[]>> = {
  read: ['read'],
  run: ['read', 'run', 'device'],
  admin: ['read', 'run', 'device', 'admin'],
  device: ['device'],
};

/** Lets requests to a route through that may use it: the contract says who (`api/route.ts`). */
export function access(route: RouteConfig, tokens: Tokens, limits: RateLimits): MiddlewareHandler<Env> {
  const [wanted] = (route.security ?? []).flatMap((scheme) => Object.values(scheme).flat()) as Role[];
  return async (context, next) => {
    if (wanted === undefined) return next();
    const identity = await identify(context, tokens);
    if (!identity) {
      await limits.countGuess(context);
      throw new Failure('unauthorized', 'The token is missing or wrong.', 401, { 'www-authenticate': 'Bearer' });
    }
    await limits.require(identity.token);
    if (!INCLUDES[identity.role].includes(wanted))
      throw new Failure(
        'forbidden',
        `This takes a token with the role '${wanted}'; '${identity.name}' has '${identity.role}'.`,
      );
    context.set('identity', identity);
    return next();
  };
}

function identify(context: Context<Env>, tokens: Tokens) {
  const header = context.req.header('authorization');
  if (header !== undefined) return tokens.identify(/^Bearer (\S+)$/i.exec(header)?.[1] ?? '');
  const cookie = getCookie(context, SESSION_COOKIE);
  return cookie ? tokens.identifySession(cookie) : Promise.resolve(undefined);
}

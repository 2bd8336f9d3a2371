import type { RouteConfig } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import type { Role } from '../api/route.js';
import { Failure } from '../failure.js';
import type { Services } from '../services.js';
import type { Env } from './env.js';

/** What each role may do beside its own: whoever may run may read. */
const INCLUDES: Readonly<Record<Role, readonly Role[]>> = {
  read: ['read'],
  run: ['read', 'run', 'device'],
  admin: ['read', 'run', 'device', 'admin'],
  device: ['device'],
};

/** What tells who may ask, and when. */
export type AccessServices = Pick<Services, 'tokens' | 'sessionCookie' | 'limits' | 'connections' | 'turns'>;

/** Lets requests to a route through that may use it: the contract says who (`api/route.ts`). */
export function access(
  route: RouteConfig,
  { tokens, sessionCookie, limits, connections, turns }: AccessServices,
): MiddlewareHandler<Env> {
  const [wanted] = (route.security ?? []).flatMap((scheme) => Object.values(scheme).flat()) as Role[];
  return async (context, next) => {
    if (wanted === undefined) return next();
    const identity = await identify(context, { tokens, sessionCookie });
    if (!identity) {
      await limits.countGuess(context);
      throw new Failure('unauthorized', 'The token is missing or wrong.', 401, { 'www-authenticate': 'Bearer' });
    }
    // Known from here on, also to the audit log: refusals carry who was refused.
    context.set('identity', identity);
    await limits.require(identity.token);
    if (!connections.own(context.env.incoming.socket, identity))
      throw new Failure('too-many-requests', 'Too many connections at once. Use those that are open.');
    if (!INCLUDES[identity.role].includes(wanted))
      throw new Failure(
        'forbidden',
        `This takes a token with the role '${wanted}'; '${identity.name}' has '${identity.role}'.`,
      );
    return turns.take(identity.token, () => next());
  };
}

function identify(context: Context<Env>, { tokens, sessionCookie }: Pick<Services, 'tokens' | 'sessionCookie'>) {
  const header = context.req.header('authorization');
  if (header !== undefined) return tokens.identify(/^Bearer (\S+)$/i.exec(header)?.[1] ?? '');
  const cookie = sessionCookie.read(context);
  return cookie ? tokens.identifySession(cookie) : Promise.resolve(undefined);
}

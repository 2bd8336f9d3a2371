import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { signIn, signOut, whoami } from '../api/session.js';
import { SESSION_COOKIE } from '../http/access.js';
import { type App, identityOf } from '../http/env.js';
import { Failure } from '../http/failure.js';
import type { Identity } from '../security/tokens.js';
import type { Services } from '../services.js';
import { mount } from './mount.js';

/** Routes about who is asking. */
export function sessionRoutes(app: App, services: Services, isSecure: boolean): void {
  const { tokens, limits, connections } = services;
  const cookie = { path: '/', httpOnly: true, sameSite: 'Strict', secure: isSecure } as const;

  mount(app, services, whoami, (context) => context.json(present(identityOf(context)), 200));

  mount(app, services, signIn, async (context) => {
    const given = context.req.valid('json');
    const opened = 'code' in given ? await tokens.redeem(given.code) : await tokens.openSession(given.token);
    if (!opened) {
      await limits.countGuess(context);
      throw new Failure('unauthorized', 'The link was used or is too old, or the token is wrong.');
    }
    context.set('identity', opened.identity);
    await limits.require(opened.identity.token);
    setCookie(context, SESSION_COOKIE, opened.secret, { ...cookie, expires: opened.expires });
    return context.json(present(opened.identity), 200);
  });

  mount(app, services, signOut, async (context) => {
    const secret = getCookie(context, SESSION_COOKIE);
    if (secret) {
      context.set('identity', await tokens.identifySession(secret));
      connections.spare(context.env.incoming.socket);
      await tokens.closeSession(secret);
    }
    deleteCookie(context, SESSION_COOKIE, cookie);
    return context.body(null, 204);
  });
}

function present({ role, token, name, by, expires }: Identity) {
  return { role, token: { id: token, name }, by, expires: expires?.toISOString() ?? null };
}

import { signIn, signOut, whoami } from '../api/session.js';
import { Failure } from '../failure.js';
import { type App, identityOf } from '../http/env.js';
import type { Identity } from '../security/tokens.js';
import type { Services } from '../services.js';
import { mount } from './mount.js';

/** Routes about who is asking. */
export function sessionRoutes(app: App, services: Services): void {
  const { tokens, sessionCookie, limits, connections } = services;

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
    sessionCookie.write(context, opened.secret, opened.expires);
    return context.json(present(opened.identity), 200);
  });

  mount(app, services, signOut, async (context) => {
    const secret = sessionCookie.read(context);
    if (secret) {
      context.set('identity', await tokens.identifySession(secret));
      connections.spare(context.env.incoming.socket);
      await tokens.closeSession(secret);
    }
    sessionCookie.remove(context);
    return context.body(null, 204);
  });
}

function present({ role, token, name, by, expires }: Identity) {
  return { role, token: { id: token, name }, by, expires: expires?.toISOString() ?? null };
}

import type { HttpBindings } from '@hono/node-server';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Identity } from '../security/tokens.js';

/** What requests carry about. */
export interface Env {
  Bindings: HttpBindings;
  Variables: { requestId: string; identity: Identity | undefined; policy: string | undefined };
}

/** The app with it. */
export type App = OpenAPIHono<Env>;

/** Whoever is asking, where a role is needed and so someone is. */
export function identityOf(context: Context<Env>): Identity {
  return context.get('identity')!;
}

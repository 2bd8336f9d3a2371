import { createToken, deleteToken, listAudit, listTokens } from '../api/tokens.js';
import { Failure } from '../failure.js';
import type { App } from '../http/env.js';
import type { Services } from '../services.js';
import { mount } from './mount.js';

const MINUTES_A_DAY = 24 * 60;

interface AuditRow {
  seq: number;
  at: Date;
  token: string | null;
  action: string;
  subject: string | null;
  status: number;
  address: string;
}

/** Routes for tokens and the audit log. */
export function tokenRoutes(app: App, services: Services): void {
  const { database, tokens, idempotency, connections, uploads } = services;

  mount(app, services, listTokens, async (context) => context.json({ items: await tokens.list() }, 200));

  mount(app, services, createToken, (context) => {
    const input = context.req.valid('json');
    return idempotency.once(context, input, async () => {
      const { secret, ...token } = await tokens.create(
        input.name,
        input.role,
        input.minutes ?? (input.days && input.days * MINUTES_A_DAY),
      );
      // Secrets are not kept, not even to be told again.
      return { status: 201, body: { ...token, secret }, again: { status: 200, body: token } };
    }) as never;
  });

  mount(app, services, deleteToken, async (context) => {
    // Also of one's own, the answer comes.
    connections.spare(context.env.incoming.socket);
    const { id } = context.req.valid('param');
    await tokens.remove(id);
    await uploads.forgetOf(id);
    return context.body(null, 204);
  });

  mount(app, services, listAudit, async (context) => {
    const { cursor, limit } = context.req.valid('query');
    const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
    if (!Number.isSafeInteger(before))
      throw new Failure('invalid-argument', 'The cursor is none that this server gave.', 400);
    const rows = await database.query<AuditRow>('select * from snp.audit where seq < $1 order by seq desc limit $2', [
      before,
      limit + 1,
    ]);
    const shown = rows.slice(0, limit);
    const next = rows.length > limit ? String(shown[shown.length - 1].seq) : null;
    const items = shown.map(({ at, token, action, subject, status, address }) => ({
      at: at.toISOString(),
      token,
      action,
      subject,
      status,
      address,
    }));
    return context.json({ items, next }, 200);
  });
}

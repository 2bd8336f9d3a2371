import type { Context } from 'hono';
import type { Database } from '../database/database.js';
import type { Env } from '../http/env.js';
import { addressOf } from '../http/rateLimits.js';
import type { Log } from './log.js';

/** Who changed what, and who was refused: every request that is more than reading. */
export class Audit {
  constructor(
    private readonly database: Database,
    private readonly log: Log,
  ) {}

  async note(context: Context<Env>): Promise<void> {
    const { method, path } = context.req;
    const status = context.res.status;
    const refused = status === 401 || status === 403;
    const reads = method === 'GET' || method === 'HEAD';
    // Agents ask for work all day long.
    const routine = path.startsWith('/api/devices/') && method === 'POST';
    if ((reads || routine) && !refused) return;
    const identity = context.get('identity');
    await this.database
      .query('insert into snp.audit (token, action, subject, status, address) values ($1, $2, $3, $4, $5)', [
        identity ? `${identity.name} (${identity.token})` : null,
        `${method} ${path.split('/').slice(0, 3).join('/')}`.slice(0, 200),
        path.slice(0, 500),
        status,
        addressOf(context),
      ])
      .catch((error) => this.log.error({ err: error }, 'the audit log cannot be written'));
  }
}

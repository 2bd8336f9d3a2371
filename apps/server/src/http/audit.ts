import type { Context } from 'hono';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Database } from '../database/database.js';
import type { Log } from '../log.js';
import type { Metrics } from '../operation/metrics.js';
import type { Strangers } from '../security/strangers.js';
import type { Identity } from '../security/tokens.js';
import { networkOf } from './connections.js';
import type { Env } from './env.js';
import { addressOf } from './rateLimits.js';

/** Refusals of a token that are listed one by one; more are counted. */
const REFUSALS = { points: 60, duration: 60 };

/** What reads, though it is a POST: agents ask for work all day long, sliders for what they would cost. */
const READS = /^\/api\/(devices\/[^/]+\/(take|jobs\/[^/]+)|models\/[^/]+\/predictions)$/;

/**
 * Who changed what, and who was refused: every request of a token that is more than reading. What nobody is known for is counted, not
 * listed: anyone could fill the list with it.
 */
export class Audit {
  readonly #refusals = new RateLimiterMemory(REFUSALS);

  constructor(
    private readonly database: Database,
    private readonly strangers: Strangers,
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  async note(context: Context<Env>): Promise<void> {
    const { method, path } = context.req;
    const { status } = context.res;
    const identity = context.get('identity');
    const refused = status === 401 || status === 403 || status === 429;
    if (!identity) {
      if (!refused) return;
      this.strangers.count(networkOf(addressOf(context)));
      this.metrics.stranger(status);
      return;
    }
    if ((method === 'GET' || method === 'HEAD' || READS.test(path)) && !refused) return;
    if (status >= 400 && !(await this.#isListed(identity))) return this.metrics.unlisted();
    await this.database
      .query('insert into snp.audit (token, action, subject, status, address) values ($1, $2, $3, $4, $5)', [
        `${identity.name} (${identity.token})`,
        `${method} ${path.split('/').slice(0, 3).join('/')}`.slice(0, 200),
        path.slice(0, 500),
        status,
        addressOf(context),
      ])
      .catch((error) => this.log.error({ err: error }, 'the audit log cannot be written'));
  }

  #isListed({ token }: Identity): Promise<boolean> {
    return this.#refusals.consume(token).then(
      () => true,
      () => false,
    );
  }
}

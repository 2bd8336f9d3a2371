import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type Database, first } from '../database/database.js';
import { Failure } from '../failure.js';
import { type Env, identityOf } from './env.js';

interface Answer {
  status: number;
  body: object;
}

interface AnswerRow {
  request: string;
  status: number | null;
  body: string | null;
}

/** Milliseconds between two signs that a request is still at work. */
const SIGN = 5000;
/** A request of which nothing was heard for so long died with its server. */
const SILENCE = '20 seconds';

/** Answers requests that come again, with the same `Idempotency-Key`, as they were answered the first time. */
export class Idempotency {
  constructor(private readonly database: Database) {}

  /**
   * Does a request once. A request that fails, or whose server dies, may be tried again with its key.
   *
   * @param work Gives the answer and, where it holds what is told only once, the one that comes `again`.
   * @throws Failure `conflict` while the first one is at work, `invalid-argument` if the key belongs to another request.
   */
  async once(
    context: Context<Env>,
    input: unknown,
    work: () => Promise<Answer & { again?: Answer }>,
  ): Promise<Response> {
    const key = context.req.header('idempotency-key');
    if (key === undefined) return answer(context, await work());
    const { token } = identityOf(context);
    const request = createHash('sha256')
      .update(JSON.stringify([context.req.method, context.req.path, input]))
      .digest('hex');
    const fresh = await this.database.query(
      `insert into snp.answers as known (token, key, request) values ($1, $2, $3) on conflict (token, key) do update set created = now()
         where known.request = excluded.request and known.status is null and known.created < now() - interval '${SILENCE}'
       returning 1`,
      [token, key, request],
    );
    if (fresh.length === 0) return this.#again(context, token, key, request);
    const sign = setInterval(() => this.#sign(token, key), SIGN);
    try {
      const { again, ...result } = await work();
      const kept = again ?? result;
      await this.database.query('update snp.answers set status = $3, body = $4 where token = $1 and key = $2', [
        token,
        key,
        kept.status,
        JSON.stringify(kept.body),
      ]);
      return answer(context, result);
    } catch (error) {
      await this.database
        .query('delete from snp.answers where token = $1 and key = $2', [token, key])
        .catch(() => undefined);
      throw error;
    } finally {
      clearInterval(sign);
    }
  }

  /** Forgets answers of the day before. */
  async sweep(): Promise<void> {
    await this.database.query(`delete from snp.answers where created < now() - interval '1 day'`);
  }

  /** Says that a request is still at work. */
  async #sign(token: string, key: string): Promise<void> {
    await this.database
      .query('update snp.answers set created = now() where token = $1 and key = $2 and status is null', [token, key])
      .catch(() => undefined);
  }

  async #again(context: Context<Env>, token: string, key: string, request: string): Promise<Response> {
    const row = await first<AnswerRow>(this.database, 'select * from snp.answers where token = $1 and key = $2', [
      token,
      key,
    ]);
    if (row?.request !== request)
      throw new Failure(
        'invalid-argument',
        'This Idempotency-Key belongs to another request. Choose a new one for each request.',
      );
    if (row.status === null)
      throw new Failure('conflict', 'The first request with this Idempotency-Key is still at work.');
    return answer(context, { status: row.status, body: JSON.parse(row.body!) });
  }
}

function answer(context: Context<Env>, { status, body }: Answer): Response {
  return context.json(body, status as ContentfulStatusCode);
}

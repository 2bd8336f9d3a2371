import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type Database, first } from '../database/database.js';
import { type Env, identityOf } from './env.js';
import { Failure } from './failure.js';

interface AnswerRow {
  request: string;
  status: number | null;
  body: string | null;
}

/** Answers requests that come again, with the same `Idempotency-Key`, as they were answered the first time. */
export class Idempotency {
  constructor(private readonly database: Database) {}

  /**
   * Does a request once. A request that fails may be tried again with its key.
   *
   * @throws Failure `conflict` while the first one is at work, `invalid-argument` if the key belongs to another request.
   */
  async once(
    context: Context<Env>,
    input: unknown,
    work: () => Promise<{ status: number; body: object }>,
  ): Promise<Response> {
    const key = context.req.header('idempotency-key');
    if (key === undefined) return answer(context, await work());
    const { token } = identityOf(context);
    const request = createHash('sha256')
      .update(JSON.stringify([context.req.method, context.req.path, input]))
      .digest('hex');
    const fresh = await this.database.query(
      'insert into snp.answers (token, key, request) values ($1, $2, $3) on conflict do nothing returning 1',
      [token, key, request],
    );
    if (fresh.length === 0) return this.#again(context, token, key, request);
    try {
      const result = await work();
      await this.database.query('update snp.answers set status = $3, body = $4 where token = $1 and key = $2', [
        token,
        key,
        result.status,
        JSON.stringify(result.body),
      ]);
      return answer(context, result);
    } catch (error) {
      await this.database
        .query('delete from snp.answers where token = $1 and key = $2', [token, key])
        .catch(() => undefined);
      throw error;
    }
  }

  /** Forgets answers of the day before. What never got an answer died with its server. */
  async sweep(): Promise<void> {
    await this.database.query(`delete from snp.answers where created < now() - interval '1 day'`);
    await this.database.query(
      `delete from snp.answers where status is null and created < now() - interval '10 minutes'`,
    );
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

function answer(context: Context<Env>, { status, body }: { status: number; body: object }): Response {
  return context.json(body, status as ContentfulStatusCode);
}

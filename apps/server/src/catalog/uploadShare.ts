import { RateLimiterMemory } from 'rate-limiter-flexible';
import { first, type Sql } from '../database/database.js';
import { Failure } from '../failure.js';
import { shareOf } from '../security/shares.js';

/** Uploads that a token may begin in a day: each is remembered for as long. */
const BEGUN = { points: 100_000, duration: 24 * 3600 };

/** Uploads of a token that may be on their way at once. */
const ON_THEIR_WAY = 1000;

/** What one token may have on its way. */
export class UploadShare {
  readonly #begun = new RateLimiterMemory(BEGUN);
  /** Bytes: its share of all, but room for one file that is as large as may be. */
  readonly #bytes: number;

  constructor(quotaBytes: number, largestBytes: number) {
    this.#bytes = Math.max(shareOf(quotaBytes), Math.min(quotaBytes, largestBytes));
  }

  /** @throws Failure `too-many-requests` */
  async begin(token: string): Promise<void> {
    await this.#begun.consume(token).catch(({ msBeforeNext }) => {
      throw new Failure(
        'too-many-requests',
        `This token began ${BEGUN.points} uploads within a day. Pack many files into one .zip.`,
        429,
        { 'retry-after': String(Math.ceil(msBeforeNext / 1000)) },
      );
    });
  }

  /** @throws Failure `quota` if a token has announced more than its share. */
  async require(sql: Sql, token: string): Promise<void> {
    const row = await first<{ count: number; bytes: number }>(
      sql,
      'select count(*)::int as count, coalesce(sum(length), 0)::bigint as bytes from snp.uploads where token = $1 and sha256 is null',
      [token],
    );
    const [count, bytes] = [Number(row!.count), Number(row!.bytes)];
    if (count <= ON_THEIR_WAY && bytes <= this.#bytes) return;
    throw new Failure(
      'quota',
      `One token may have ${ON_THEIR_WAY} uploads with ${this.#bytes} bytes on their way; with this one there would be ${count} with ${bytes}. Complete some, or drop them.`,
    );
  }
}

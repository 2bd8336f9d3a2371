import { countAlone, first, type Sql } from '../database/database.js';
import { Failure } from '../failure.js';
import { shareOf } from '../security/shares.js';

/** Jobs that wait or run. */
export const OPEN = `state in ('waiting', 'queued', 'running')`;

/**
 * Lets a token submit work while it has fewer open jobs than its share, and all together fewer than are allowed.
 *
 * @param sql The transaction that submits it.
 * @throws Failure `quota`
 */
export async function requireJobShare(sql: Sql, most: number, token: string): Promise<void> {
  await countAlone(sql, 'jobs');
  const open = await first<{ own: number; all: number }>(
    sql,
    `select count(*) filter (where token = $1)::int as own, count(*)::int as all from snp.jobs where ${OPEN}`,
    [token],
  );
  const { own, all } = open!;
  if (all >= most)
    throw new Failure('quota', `${all} jobs wait or run already, as many as are allowed. Wait, or cancel some.`);
  if (own >= shareOf(most))
    throw new Failure(
      'quota',
      `${own} jobs of this token wait or run already, as many as one token may have. Wait, or cancel some.`,
    );
}

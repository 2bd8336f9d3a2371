import { first, type Sql } from '../database/database.js';

/** How far a job takes the turn of its token forward. Checks of new models and the like hardly do. */
const COST = { quick: 1, other: 20 } as const;

/**
 * Gives a job its place in the queue: tokens take turns, however many jobs one of them has there (start-time fair queueing, Goyal et al. 1996).
 * The time of the queue is the turn of the job that was taken last; a token's next job follows its last one, but never begins before that time.
 * Quick jobs are in a line of their own, and so wait for no other job of their token.
 */
export async function giveTurn(sql: Sql, id: string): Promise<number> {
  const row = await first<{ turn: number }>(
    sql,
    `update snp.jobs own set turn = coalesce(turn, greatest(
       coalesce((select max(turn) from snp.jobs where queue = own.queue and started is not null), 0),
       (select max(turn) + case when own.quick then ${COST.quick} else ${COST.other} end from snp.jobs
        where queue = own.queue and state = 'queued' and token is not distinct from own.token and quick = own.quick and id <> own.id)))
     where id = $1 returning turn`,
    [id],
  );
  return Number(row!.turn);
}

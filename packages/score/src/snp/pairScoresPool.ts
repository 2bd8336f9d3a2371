import { type ThreadPool, threadPool } from '@snp/runtime';
import { pairScoresWorker } from '../workerPath.js';
import { type PairScoresJob, scoreAllPairs } from './scoreAllPairs.js';

/** Jobs of fewer multiplications than this are done at once: sending them away costs more. */
const WORTH_SENDING = 5e6;

let pool: ThreadPool<PairScoresJob, Float64Array> | undefined;

/** Scores pairs in threads, where there are any and it is worth it. */
export async function scorePairsInThreads(job: PairScoresJob): Promise<Float64Array> {
  if (job.queries.length * job.width < WORTH_SENDING) return scoreAllPairs(job);
  pool ??= threadPool(pairScoresWorker);
  if (!pool) return scoreAllPairs(job);
  // Copies of their own can move: what the runtime hands out may share one buffer.
  const moved = { ...job, queries: job.queries.slice(), keys: job.keys.slice() };
  return pool.run(moved, [moved.queries.buffer, moved.keys.buffer]);
}

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { pairScoresWorker } from '../workerPath.js';
import { type PairScoresJob, scoreAllPairs } from './scoreAllPairs.js';

/** Jobs of fewer multiplications than this are done at once: sending them away costs more. */
const WORTH_SENDING = 5e6;

/** Threads without work for this long end. */
const IDLE_MS = 10_000;

interface Thread {
  worker: Worker;
  waiting: { resolve(scores: Float64Array): void; reject(error: Error): void }[];
}

let threads: Thread[] = [];
let idle: NodeJS.Timeout | undefined;

/** Scores pairs in threads, as many as there are cores, that end by themselves when there is nothing more to do. */
export async function scorePairsInThreads(job: PairScoresJob): Promise<Float64Array> {
  if (job.queries.length * job.width < WORTH_SENDING || availableParallelism() === 1) return scoreAllPairs(job);
  clearTimeout(idle);
  const thread = leastBusy();
  // Copies of their own can move: what the runtime hands out may share one buffer.
  const moved = { ...job, queries: job.queries.slice(), keys: job.keys.slice() };
  const scores = await new Promise<Float64Array>((resolve, reject) => {
    thread.waiting.push({ resolve, reject });
    thread.worker.ref();
    thread.worker.postMessage(moved, [moved.queries.buffer, moved.keys.buffer]);
  });
  clearTimeout(idle);
  idle = setTimeout(endThreads, IDLE_MS).unref();
  return scores;
}

function leastBusy(): Thread {
  const free = threads.find(({ waiting }) => waiting.length === 0);
  if (free) return free;
  if (threads.length < availableParallelism()) {
    const thread = startThread();
    threads.push(thread);
    return thread;
  }
  return threads.reduce((best, thread) => (thread.waiting.length < best.waiting.length ? thread : best));
}

function startThread(): Thread {
  const thread: Thread = { worker: new Worker(pairScoresWorker), waiting: [] };
  thread.worker.on('message', (scores: Float64Array) => {
    const { waiting, worker } = thread;
    waiting.shift()?.resolve(scores);
    // A thread without work does not keep the process alive.
    if (waiting.length === 0) worker.unref();
  });
  thread.worker.on('error', (error) => {
    threads = threads.filter((other) => other !== thread);
    for (const { reject } of thread.waiting) reject(error);
  });
  return thread;
}

function endThreads(): void {
  const ending = threads.filter(({ waiting }) => waiting.length === 0);
  threads = threads.filter((thread) => !ending.includes(thread));
  for (const { worker } of ending) void worker.terminate();
}

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** Threads that answer jobs, as many as there are cores; each ends by itself when there is nothing more to do. */
export interface ThreadPool<Job, Result> {
  /** The answer of a thread. The buffers in `transfer` move to it and are empty here. */
  run(job: Job, transfer?: ArrayBuffer[]): Promise<Result>;
}

/** Threads without work for this long end. */
const IDLE_MS = 10_000;

interface Thread<Result> {
  worker: Worker;
  waiting: { resolve(result: Result): void; reject(error: Error): void }[];
}

/**
 * A pool of threads for work that is too long for the event loop. `script` says where the built file is that answers every message with
 * one message, in order; it is asked for when the first thread starts.
 *
 * @returns undefined where threads gain nothing (one core) or there are none (a browser): do the work in place.
 * @example
 * const pool = threadPool<Float64Array, number>(() => new URL('./sumWorker.js', import.meta.url));
 * const sum = await pool?.run(Float64Array.of(1, 2, 3));
 */
export function threadPool<Job, Result>(script: () => URL): ThreadPool<Job, Result> | undefined {
  const most = availableParallelism();
  if (most === 1) return undefined;
  let threads: Thread<Result>[] = [];
  let idle: NodeJS.Timeout | undefined;

  const start = (): Thread<Result> => {
    const thread: Thread<Result> = { worker: new Worker(script()), waiting: [] };
    thread.worker.on('message', (result: Result) => {
      const { waiting, worker } = thread;
      waiting.shift()?.resolve(result);
      // A thread without work does not keep the process alive.
      if (waiting.length === 0) worker.unref();
    });
    thread.worker.on('error', (error) => {
      threads = threads.filter((other) => other !== thread);
      for (const { reject } of thread.waiting) reject(error);
    });
    threads.push(thread);
    return thread;
  };
  const leastBusy = (): Thread<Result> => {
    const free = threads.find(({ waiting }) => waiting.length === 0);
    if (free) return free;
    if (threads.length < most) return start();
    return threads.reduce((best, thread) => (thread.waiting.length < best.waiting.length ? thread : best));
  };
  const endIdle = () => {
    const ending = threads.filter(({ waiting }) => waiting.length === 0);
    threads = threads.filter((thread) => !ending.includes(thread));
    for (const { worker } of ending) void worker.terminate();
  };

  return {
    async run(job, transfer = []) {
      clearTimeout(idle);
      const thread = leastBusy();
      const result = await new Promise<Result>((resolve, reject) => {
        thread.waiting.push({ resolve, reject });
        thread.worker.ref();
        thread.worker.postMessage(job, transfer);
      });
      clearTimeout(idle);
      idle = setTimeout(endIdle, IDLE_MS).unref();
      return result;
    },
  };
}

import { parentPort } from 'node:worker_threads';
import { type PairScoresJob, scoreAllPairs } from './scoreAllPairs.js';

// Answers jobs in order; each answer's buffer moves to the thread that asked.
parentPort?.on('message', (job: PairScoresJob) => {
  const scores = scoreAllPairs(job);
  parentPort?.postMessage(scores, [scores.buffer as ArrayBuffer]);
});

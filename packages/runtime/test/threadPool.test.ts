import { availableParallelism } from 'node:os';
import { expect, it } from 'vitest';
import { threadPool } from '../src/index.js';

/** Answers twice the numbers it is sent, and fails on an empty list. */
const SCRIPT = `
  import { parentPort } from 'node:worker_threads';
  parentPort.on('message', (numbers) => {
    if (numbers.length === 0) throw new Error('nothing to double');
    parentPort.postMessage(numbers.map((number) => 2 * number));
  });`;
const pool = threadPool<Float64Array, Float64Array>(
  () => new URL(`data:text/javascript,${encodeURIComponent(SCRIPT)}`),
);
if (!pool) console.warn('No threads on a single core.');

it('there are threads where there are cores', () => {
  expect(pool !== undefined).toBe(availableParallelism() > 1);
});

it.skipIf(!pool)('every job gets its own answer, and its buffer moves', async () => {
  const jobs = Array.from({ length: 20 }, (_, at) => Float64Array.of(at, at + 0.5));
  const answers = await Promise.all(jobs.map((job) => pool!.run(job, [job.buffer])));
  expect(answers.map((answer) => [...answer])).toEqual(Array.from({ length: 20 }, (_, at) => [2 * at, 2 * at + 1]));
  expect(jobs.every((job) => job.length === 0)).toBe(true);
});

it.skipIf(!pool)('a thread that fails is an error of its job, and the next job has another', async () => {
  await expect(pool!.run(new Float64Array(0))).rejects.toThrow('nothing to double');
  expect([...(await pool!.run(Float64Array.of(3)))]).toEqual([6]);
});

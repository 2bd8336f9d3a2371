// A task in a process of its own: its working folder is the job's, its environment knows no secrets, and it ends with whoever started it.
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { SnpError, type SnpErrorCode } from '@snp/onnx';
import { addShards, gatherAll, gatherShard } from './calibrate.js';
import { inspect } from './inspect.js';
import { prune } from './prune.js';
import { gatherSweep, sweepPoint } from './sweep.js';
import { PLACES, type TaskAnswer, type TaskFunction, type TaskMessage, type TaskRequest } from './task.js';

const TASKS: Record<string, TaskFunction<never>> = {
  inspect,
  'gather-all': gatherAll,
  'gather-shard': gatherShard,
  'add-shards': addShards,
  prune,
  'sweep-point': sweepPoint,
  'gather-sweep': gatherSweep,
};

/** Between two words about progress, in milliseconds: more would keep others busy. */
const PAUSE = 200;

let told = 0;
let step = '';

function say(message: TaskMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send!(message, undefined, undefined, () => resolve());
    else resolve();
  });
}

process.on('disconnect', () => process.exit(1));
process.once('message', async ({ name, options }: TaskRequest) => {
  try {
    await mkdir(PLACES.output, { recursive: true });
    const outcome = await TASKS[name](options as never, {
      progress(progress) {
        const now = performance.now();
        if (progress.step === step && now - told < PAUSE) return;
        if (progress.step !== step) say({ log: { level: 'info', text: progress.step } });
        step = progress.step;
        told = now;
        say({ progress });
      },
      log: (level, text) => say({ log: { level, text } }),
      measure: async (request) => {
        const answer = once(process, 'message') as Promise<[TaskAnswer]>;
        await say({ measure: request });
        const [said] = await answer;
        if ('measured' in said) return said.measured;
        throw new SnpError(said.notMeasured.code as SnpErrorCode, said.notMeasured.message);
      },
    });
    await say({ done: outcome });
  } catch (error) {
    const known = error instanceof SnpError;
    const message = known ? error.message : `${(error as Error).stack ?? error}`;
    await say({ failed: { code: known ? error.code : 'internal', message } });
  }
  process.exit(0);
});

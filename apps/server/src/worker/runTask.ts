import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SnpError } from '@snp/onnx';
import type { TaskAnswer, TaskContext, TaskMessage, TaskOutcome, TaskRequest } from '../tasks/task.js';
import { groupMemory, killGroup } from './processGroup.js';
import { TaskFailure, TaskKilled } from './taskFailure.js';

/** Limits of a task. */
export interface TaskLimits {
  seconds: number;
  /** Of its process and all that it starts. */
  memoryBytes: number;
}

/** All that a task's process knows of its surroundings: no addresses, no tokens. */
const ENVIRONMENT = ['PATH', 'LANG', 'TZ', 'SystemRoot', 'ProgramFiles'];

/** How often memory is looked at, in milliseconds. */
const WATCH = 500;

/**
 * Runs a task in a process of its own, in a folder that holds its files, within limits of time and memory.
 *
 * @throws TaskKilled if its process was killed, TaskFailure if it fails or is beyond a limit, SnpError `aborted` if the signal fired.
 */
export async function runTask(
  request: TaskRequest,
  folder: string,
  limits: TaskLimits,
  context: TaskContext,
  signal: AbortSignal,
): Promise<TaskOutcome> {
  const env = Object.fromEntries(
    ENVIRONMENT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
  const child = fork(fileURLToPath(new URL('taskProcess.js', import.meta.url)), [], {
    cwd: folder,
    env: { ...env, TMPDIR: folder, HOME: folder },
    execArgv: [`--max-old-space-size=${Math.ceil(limits.memoryBytes / 2 ** 20)}`],
    // A group of its own: what it starts ends with it.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  let peakBytes: number | undefined;
  const killed = (by: NodeJS.Signals, said: string) => new TaskKilled(by, peakBytes, limits.memoryBytes, said);
  const end = ended(child, context, killed);
  let beyond: TaskFailure | undefined;
  const stop = (reason?: TaskFailure) => {
    beyond ??= reason;
    if (child.pid) killGroup(child.pid);
  };
  const onAbort = () => stop();
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(
    () => stop(new TaskFailure('limit', `It took longer than the ${limits.seconds} s that jobs have.`)),
    1000 * limits.seconds,
  );
  const look = async () => {
    const bytes = child.pid && (await groupMemory(child.pid));
    if (!bytes) return;
    peakBytes = Math.max(bytes, peakBytes ?? 0);
    if (bytes > limits.memoryBytes)
      stop(new TaskFailure('limit', `It took more than the ${limits.memoryBytes} bytes of memory that jobs have.`));
  };
  // At once too: what is killed soon was seen.
  void look();
  const watch = setInterval(look, WATCH);
  try {
    if (signal.aborted) onAbort();
    else child.send(request);
    return await end;
  } catch (error) {
    if (signal.aborted) throw new SnpError('aborted', 'The job was stopped.', {}, { cause: error });
    throw beyond ?? error;
  } finally {
    clearTimeout(timer);
    clearInterval(watch);
    signal.removeEventListener('abort', onAbort);
    stop();
  }
}

/** Milliseconds that the last words of a process that ended are waited for. */
const LAST_WORDS = 5000;

function ended(
  child: ChildProcess,
  context: TaskContext,
  killed: (by: NodeJS.Signals, said: string) => TaskKilled,
): Promise<TaskOutcome> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  });
  return new Promise((resolve, reject) => {
    child.on('message', (message: TaskMessage) => {
      if ('progress' in message) context.progress(message.progress);
      else if ('log' in message) context.log(message.log.level, message.log.text);
      else if ('measure' in message) answer(child, context.measure(message.measure));
      else if ('done' in message) resolve(message.done);
      else reject(new TaskFailure(message.failed.code, message.failed.message));
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      const tell = () =>
        reject(
          signal
            ? killed(signal, said)
            : new TaskFailure('runtime', `Its process ended with code ${code}. ${said}`.trim()),
        );
      // That it ended may be heard before its last words, which the channel still holds until it closes.
      if (!child.connected) return setImmediate(tell);
      child.once('disconnect', () => setImmediate(tell));
      return setTimeout(tell, LAST_WORDS).unref();
    });
  });
}

/** Tells a process what came of its measurement. */
function answer(child: ChildProcess, measurement: ReturnType<TaskContext['measure']>): void {
  measurement
    .then(
      (measured): TaskAnswer => ({ measured }),
      (error): TaskAnswer => ({
        notMeasured: { code: error instanceof SnpError ? error.code : 'runtime', message: error.message },
      }),
    )
    .then((said) => child.connected && child.send(said));
}

import { type ChildProcess, fork } from 'node:child_process';
import { SnpError } from '@snp/onnx';
import { abortedError, throwIfAborted } from '../throwIfAborted.js';
import { workerPath } from '../workerPath.js';
import type { Request, Response } from './protocol.js';

interface Waiting {
  resolve(result: never): void;
  reject(error: Error): void;
}

type Question = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

/** The process that runs models, and the questions it has not answered yet. */
export class Child {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #errors = '';
  alive = true;

  constructor() {
    this.#process = fork(workerPath, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    });
    this.#process.on('message', (response: Response) => this.#settle(response));
    this.#process.on('exit', (code, signal) => this.#end(code, signal));
    this.#process.on('error', (error) =>
      this.#fail(
        new SnpError('runtime', `The inference process cannot be started: ${error.message}.`, {}, { cause: error }),
      ),
    );
    this.#process.stderr?.on('data', (text: Buffer) => {
      this.#errors = (this.#errors + text.toString()).slice(-4000);
    });
    this.#letGo();
  }

  /** Sends a question and waits for the answer. An abort ends the process: a run cannot be interrupted otherwise. */
  async ask<T>(question: Question, signal?: AbortSignal): Promise<T> {
    throwIfAborted(signal);
    const id = this.#next++;
    const abort = () => {
      this.#fail(abortedError(signal));
      this.#process.kill('SIGKILL');
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await new Promise<T>((resolve, reject) => {
        if (!this.alive)
          return reject(new SnpError('runtime', 'The inference process has ended; open the model again.'));
        this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
        this.#hold();
        this.#process.send({ ...question, id }, (error) => {
          if (error) this.#settle({ id, error: error.message });
        });
      });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  #settle({ id, result, error }: Response): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#letGo();
    if (error === undefined) waiting.resolve(result as never);
    else waiting.reject(explain(error));
  }

  #end(code: number | null, signal: NodeJS.Signals | null): void {
    const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
    const last = this.#errors.trim().split('\n').slice(-3).join(' ');
    this.#fail(
      new SnpError(
        'runtime',
        `The inference process ${how}${last ? `: ${last}` : '. The model may need more memory than there is'}.`,
      ),
    );
  }

  #fail(error: Error): void {
    this.alive = false;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }

  /** While there is nothing to wait for, the child does not keep this process alive. */
  #letGo(): void {
    this.#process.unref();
    (this.#process.channel as { unref?(): void } | undefined)?.unref?.();
    (this.#process.stderr as { unref?(): void } | null)?.unref?.();
  }

  #hold(): void {
    this.#process.ref();
    (this.#process.channel as { ref?(): void } | undefined)?.ref?.();
  }
}

/** onnxruntime's message, its first line first and without source places. */
function explain(message: string): SnpError {
  if (message.includes("Cannot find package 'onnxruntime-node'")) {
    return new SnpError(
      'runtime',
      "onnxruntime-node is not installed. Install it beside this package: 'npm install onnxruntime-node'.",
    );
  }
  const text = message
    .replace(/^\[ONNXRuntimeError\] : \d+ : \w+ : /, '')
    .replace(/\/\S+\.(cc|h):\d+ \S+ /g, '')
    .trim();
  return new SnpError('runtime', `onnxruntime refused: ${text}`, {}, { cause: message });
}

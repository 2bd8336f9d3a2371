import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SnpError } from '@snp/onnx';
import { abortedError, throwIfAborted } from '../throwIfAborted.js';
import { workerPath } from '../workerPath.js';
import { Parcels } from './parcels.js';
import type { Request, Response } from './protocol.js';
import { refusal } from './refusal.js';

/** How long a process without open models stays for the next one, also while this one is at work in between: starting another takes a quarter of a second. */
const IDLE_MS = 5000;

interface Waiting {
  question: Question;
  signal: AbortSignal | undefined;
  resolve(result: never): void;
  reject(error: Error): void;
}

type Question = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

/** The process that runs models, and the questions it has not answered yet. It ends when no model is open any more. */
export class Child {
  readonly #process: ChildProcess;
  /** For large arrays on their way, made by the first. The other process removes it when it ends, this one where that was killed. */
  readonly #folder = join(tmpdir(), `snp-${randomUUID()}`);
  readonly #parcels = new Parcels(this.#folder, 'to');
  readonly #waiting = new Map<number, Waiting>();
  readonly #open = new Set<number>();
  #next = 0;
  #errors = '';
  #idle: NodeJS.Timeout | undefined;
  alive = true;

  constructor() {
    this.#process = fork(workerPath, [this.#folder], {
      // onnxruntime's own builds otherwise report to its maker, and leave files in the temporary folder.
      env: { ORT_DISABLE_TELEMETRY: '1', ...process.env },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // It lets go of large arrays at times of its own (`momentSums`).
      execArgv: ['--expose-gc'],
    });
    this.#process.on('message', (response: Response) => this.#settle(response));
    this.#process.on('exit', (code, signal) => {
      rmSync(this.#folder, { recursive: true, force: true });
      this.#end(code, signal);
    });
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
      this.#fail(
        new SnpError(
          'runtime',
          'Other work in the inference process was stopped, which ended it; open the model again.',
        ),
      );
      this.#process.kill('SIGKILL');
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await new Promise<T>((resolve, reject) => {
        if (!this.alive)
          return reject(new SnpError('runtime', 'The inference process has ended; open the model again.'));
        this.#waiting.set(id, { question, signal, resolve: resolve as Waiting['resolve'], reject });
        this.#hold();
        this.#send({ ...question, id } as Request);
      });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  #send(request: Request): void {
    try {
      // What cannot be written any more went to a process that has gone: its end is told by 'exit', with the reason.
      this.#process.send(this.#parcels.pack(request), () => {});
    } catch (error) {
      this.#settle({ id: request.id, error: (error as Error).message });
    }
  }

  #settle({ id, result, error }: Response): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    const { kind, session } = waiting.question;
    if (kind === 'open' && error === undefined) this.#open.add(session);
    if (kind === 'close') this.#open.delete(session);
    if (this.#waiting.size === 0) this.#letGo();
    if (error !== undefined) return waiting.reject(refusal(error));
    try {
      waiting.resolve(this.#parcels.unpack(result) as never);
    } catch (failure) {
      waiting.reject(refusal((failure as Error).message));
    }
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

  /** Nothing will be answered any more: what was itself stopped says so, the rest gives `error`. */
  #fail(error: Error): void {
    this.alive = false;
    clearTimeout(this.#idle);
    for (const { reject, signal } of this.#waiting.values()) reject(signal?.aborted ? abortedError(signal) : error);
    this.#waiting.clear();
  }

  /** While there is nothing to wait for, the child does not keep this process alive. */
  #letGo(): void {
    if (this.#open.size === 0) this.#idle = setTimeout(() => this.#leave(), IDLE_MS).unref();
    this.#process.unref();
    (this.#process.channel as { unref?(): void } | undefined)?.unref?.();
    (this.#process.stderr as { unref?(): void } | null)?.unref?.();
  }

  #leave(): void {
    this.alive = false;
    if (this.#process.connected) this.#process.disconnect();
  }

  #hold(): void {
    clearTimeout(this.#idle);
    this.#process.ref();
    (this.#process.channel as { ref?(): void } | undefined)?.ref?.();
  }
}

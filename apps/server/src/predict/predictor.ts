import { type ChildProcess, fork } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SnpError, type SnpErrorCode } from '@snp/onnx';
import { Failure } from '../failure.js';
import { contentKey } from '../jobs/contentKey.js';
import { modelFiles } from '../jobs/kinds/files.js';
import type { WorkModel } from '../jobs/workModel.js';
import { shareOf } from '../security/shares.js';
import type { ArtefactStore } from '../storage/artefactStore.js';
import { groupMemory, killGroup } from '../worker/processGroup.js';
import type {
  Prediction,
  PredictionFiles,
  PredictionRequest,
  PredictorAnswer,
  PredictorQuestion,
} from './prediction.js';

interface Waiting {
  resolve(prediction: Prediction): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

/** A prediction that takes longer is given up, and its process with it. */
const PATIENCE = 60_000;

/** Requests that may wait at once. */
const MOST_WAITING = 32;

/** Answers what-if questions about models, in a process of its own that is replaced when it fails or grows. */
export class Predictor {
  readonly #waiting = new Map<number, Waiting>();
  /** Tokens of requests, also of those whose files are not in place yet. */
  readonly #asking = new Map<symbol, string>();
  #process: ChildProcess | undefined;
  #next = 1;

  constructor(
    private readonly store: ArtefactStore,
    private readonly folder: string,
    private readonly memoryBytes: number,
  ) {}

  /** @throws Failure or SnpError if the request does not fit the model. */
  async predict(
    model: WorkModel,
    curves: string | undefined,
    request: PredictionRequest,
    token: string,
  ): Promise<Prediction> {
    const own = [...this.#asking.values()].filter((other) => other === token).length;
    if (this.#asking.size >= MOST_WAITING || own >= shareOf(MOST_WAITING))
      throw new Failure('too-many-requests', 'Too many predictions at once.');
    const asking = Symbol();
    this.#asking.set(asking, token);
    try {
      return await this.#predict(model, curves, request);
    } finally {
      this.#asking.delete(asking);
    }
  }

  close(): void {
    if (this.#process?.pid) killGroup(this.#process.pid);
    this.#process = undefined;
  }

  async #predict(model: WorkModel, curves: string | undefined, request: PredictionRequest): Promise<Prediction> {
    const files: PredictionFiles = {
      model: await this.#placeModel(model),
      curves: curves && (await this.#place(curves)),
    };
    await this.#checkMemory();
    const child = this.#start();
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      const timer = setTimeout(() => this.close(), PATIENCE);
      this.#waiting.set(id, { resolve, reject, timer });
      child.send({ id, files, request } satisfies PredictorQuestion, (error) => error && this.#settle(id, error));
    });
  }

  async #checkMemory(): Promise<void> {
    const pid = this.#process?.pid;
    if (pid && this.#waiting.size === 0 && ((await groupMemory(pid)) ?? 0) > this.memoryBytes) this.close();
  }

  #start(): ChildProcess {
    if (this.#process) return this.#process;
    const child = fork(fileURLToPath(new URL('predictorProcess.js', import.meta.url)), [], {
      env: { PATH: process.env.PATH },
      execArgv: [`--max-old-space-size=${Math.ceil(this.memoryBytes / 2 ** 20)}`],
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    });
    child.on('message', (answer: PredictorAnswer) => {
      if ('prediction' in answer) this.#settle(answer.id, answer.prediction);
      else this.#settle(answer.id, new SnpError(answer.failed.code as SnpErrorCode, answer.failed.message));
    });
    child.once('exit', () => {
      if (this.#process === child) this.#process = undefined;
      for (const id of [...this.#waiting.keys()])
        this.#settle(id, new SnpError('limit', 'The prediction took too long or too much memory.'));
    });
    this.#process = child;
    return child;
  }

  #settle(id: number, outcome: Prediction | Error): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (outcome instanceof Error) waiting.reject(outcome);
    else waiting.resolve(outcome);
  }

  /** A model with its data files in a folder of its own, where it stays for the next question. */
  async #placeModel(model: WorkModel): Promise<string> {
    const folder = join(this.folder, contentKey(model));
    const [own, ...data] = modelFiles(model);
    for (const { path, sha256 } of [...data, own]) await this.#placeAt(sha256, join(folder, path));
    return join(folder, own.path);
  }

  async #place(sha256: string): Promise<string> {
    const path = join(this.folder, sha256);
    await this.#placeAt(sha256, path);
    return path;
  }

  async #placeAt(sha256: string, path: string): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const there = await access(path).then(
      () => true,
      () => false,
    );
    // Of two requests at once, the second finds it there.
    if (!there) await this.store.place(sha256, path).catch(() => access(path));
  }
}

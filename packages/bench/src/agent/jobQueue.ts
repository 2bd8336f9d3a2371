import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { SnpError } from '@snp/onnx';
import { writeTextWhole } from '@snp/onnx/node';
import type { Target } from '../target/target.js';
import type { FileStore } from './fileStore.js';
import { filesOf, measureJob, RUN_FOLDER } from './measureJob.js';
import { type AgentJob, type AgentJobState, agentJobStateSchema, ENDED } from './protocol.js';

/** Jobs in the order they came, one at a time; what became of them outlives the agent. */
export class JobQueue {
  readonly #jobs = new Map<string, AgentJobState>();
  readonly #stops = new Map<string, AbortController>();
  readonly #released = new Map<string, () => void>();
  #working: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    private readonly folder: string,
    private readonly files: FileStore,
    private readonly targets: readonly Target[],
  ) {}

  /** Reads what an agent before this one left. Jobs it was at are interrupted; those that waited go on waiting. */
  async open(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const left: AgentJobState[] = [];
    for (const name of await readdir(this.folder)) {
      // What it was at when it was killed.
      if (name.startsWith(RUN_FOLDER)) await rm(join(this.folder, name), { recursive: true, force: true });
      if (!name.endsWith('.json')) continue;
      const text = await readFile(join(this.folder, name), 'utf8').catch(() => '');
      const { data: state } = agentJobStateSchema.safeParse(parse(text));
      if (state) left.push(state);
    }
    for (const state of left.sort((a, b) => a.submitted.localeCompare(b.submitted))) {
      this.#jobs.set(state.id, state);
      if (state.state === 'running')
        await this.#change(state, { state: 'interrupted', ended: now(), error: 'The agent ended while it measured.' });
      if (state.state === 'queued') this.#enqueue(state);
    }
  }

  find(id: string): AgentJobState | undefined {
    return this.#jobs.get(id);
  }

  list(): AgentJobState[] {
    return [...this.#jobs.values()];
  }

  /**
   * Takes a job under a name that its sender chose: sent twice, it is one job.
   *
   * @throws SnpError `invalid-argument` if there is another job of that name, a file is not there, or the target is unknown.
   */
  async submit(id: string, job: AgentJob): Promise<AgentJobState> {
    const known = this.#jobs.get(id);
    if (known) {
      if (isDeepStrictEqual(known.job, job)) return known;
      throw new SnpError('invalid-argument', `There is another job '${id}'. Choose another name.`);
    }
    if (!this.targets.some(({ name }) => name === job.target))
      throw new SnpError(
        'invalid-argument',
        `The agent has no target '${job.target}', but ${this.targets.map(({ name }) => name).join(', ')}.`,
      );
    // At once, before anything is waited for: the same job may come again meanwhile.
    const state: AgentJobState = { id, job, state: 'queued', submitted: now() };
    this.#jobs.set(id, state);
    const release = this.files.use(filesOf(job));
    try {
      for (const hash of filesOf(job))
        if (!(await this.files.find(hash)).complete)
          throw new SnpError('invalid-argument', `The file ${hash} is not there. Upload it first.`);
      await this.#change(state, {});
      this.#released.set(id, release);
      this.#enqueue(state);
      return state;
    } catch (error) {
      this.#jobs.delete(id);
      release();
      throw error;
    }
  }

  /** Stops a job that has not ended, and forgets one that has. */
  async remove(id: string): Promise<boolean> {
    const state = this.#jobs.get(id);
    if (!state) return false;
    if (ENDED.has(state.state)) {
      this.#jobs.delete(id);
      await rm(this.#path(id), { force: true });
      return true;
    }
    this.#stops.get(id)?.abort();
    await this.#change(state, { state: 'cancelled', ended: now() });
    return true;
  }

  /** Stops the job that runs, which is interrupted then, and takes no more. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const stop of this.#stops.values()) stop.abort();
    await this.#working;
  }

  #enqueue(state: AgentJobState): void {
    if (!this.#released.has(state.id)) this.#released.set(state.id, this.files.use(filesOf(state.job)));
    this.#working = this.#working.then(() => this.#run(state));
  }

  async #run(state: AgentJobState): Promise<void> {
    if (this.#closed) return;
    const stop = new AbortController();
    this.#stops.set(state.id, stop);
    try {
      // Cancelled while it waited.
      if (!this.#is(state, 'queued')) return;
      await this.#change(state, { state: 'running', started: now() });
      const result = await this.#measure(state, stop.signal);
      if (this.#is(state, 'running')) await this.#change(state, { state: 'done', ended: now(), result });
    } catch (error) {
      if (!this.#is(state, 'running')) return;
      const message = error instanceof Error ? error.message : String(error);
      const end = this.#closed ? 'interrupted' : 'failed';
      await this.#change(state, { state: end, ended: now(), error: message }).catch(() => undefined);
    } finally {
      this.#stops.delete(state.id);
      this.#released.get(state.id)?.();
      this.#released.delete(state.id);
    }
  }

  #measure(state: AgentJobState, signal: AbortSignal) {
    const { files, targets, folder } = this;
    return measureJob(state.job, {
      files,
      targets,
      folder,
      signal,
      onProgress: ({ step, done, total }) => {
        state.progress = { step, done, ...(total !== undefined && { total }) };
      },
    });
  }

  /** Others change states while this waits. */
  #is({ state }: AgentJobState, wanted: AgentJobState['state']): boolean {
    return state === wanted;
  }

  async #change(state: AgentJobState, change: Partial<AgentJobState>): Promise<void> {
    Object.assign(state, change);
    await writeTextWhole(this.#path(state.id), JSON.stringify(state));
  }

  #path(id: string): string {
    return join(this.folder, `${id}.json`);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function now(): string {
  return new Date().toISOString();
}

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { components } from '../../openapi.js';

type Schemas = components['schemas'];
export type Job = Schemas['Job'];
export type Model = Schemas['Model'];
export type Dataset = Schemas['Dataset'];

/** Longer than anything that is waited for takes where two packages are tested at once, and shorter than a test may. */
const PATIENCE_SECONDS = 400;

/** Speaks to a server as a program would. */
export class Client {
  constructor(
    readonly url: string,
    readonly token: string,
  ) {}

  fetch(path: string, init: RequestInit & { duplex?: 'half' } = {}): Promise<Response> {
    return fetch(this.url + path, {
      ...init,
      headers: { authorization: `Bearer ${this.token}`, ...(init.headers as object) },
    });
  }

  async get<T>(path: string): Promise<T> {
    return answerOf<T>(await this.fetch(path));
  }

  async post<T>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<T> {
    return answerOf<T>(await this.#post(path, body, headers));
  }

  async status(path: string, body: unknown, headers: Record<string, string> = {}): Promise<number> {
    const response = await this.#post(path, body, headers);
    await response.arrayBuffer();
    return response.status;
  }

  #post(path: string, body: unknown, headers: Record<string, string>): Promise<Response> {
    return this.fetch(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  /** Uploads bytes in one request; returns the id. */
  async upload(bytes: Uint8Array): Promise<string> {
    const id = randomUUID();
    const headers = { 'upload-length': String(bytes.length), 'content-type': 'application/octet-stream' };
    await answerOf(await this.fetch(`/api/uploads/${id}`, { method: 'PUT', body: bytes as never, headers }));
    return id;
  }

  /** Puts a model on the shelf and waits until it was looked into. */
  async addModel(path: string, name = 'vit.onnx', data: { location: string; path: string }[] = []): Promise<Model> {
    const upload = await this.upload(await readFile(path));
    const files = [];
    for (const file of data)
      files.push({ location: file.location, upload: await this.upload(await readFile(file.path)) });
    const { id } = await this.post<Model>('/api/models', { name, upload, data: files });
    return this.until(
      () => this.get<Model>(`/api/models/${id}`),
      ({ state }) => state !== 'checking',
    );
  }

  async addDataset(files: Record<string, Uint8Array>, name = 'typical'): Promise<Dataset> {
    const uploads = [];
    for (const [path, bytes] of Object.entries(files)) uploads.push({ path, upload: await this.upload(bytes) });
    return this.post<Dataset>('/api/datasets', { name, files: uploads });
  }

  /** Waits until a job has ended. */
  wait(id: string): Promise<Job> {
    return this.until(() => this.get<Job>(`/api/jobs/${id}`), hasEnded);
  }

  /**
   * Waits until a job runs.
   *
   * @throws Error if it ended before it was seen to run.
   */
  async runs(id: string): Promise<Job> {
    const job = await this.until(
      () => this.get<Job>(`/api/jobs/${id}`),
      (one) => one.state === 'running' || hasEnded(one),
    );
    if (hasEnded(job)) throw new Error(`The job ended before it was seen to run: ${inspect(job, { depth: 6 })}`);
    return job;
  }

  /** Bytes of a file that a job made. */
  async artefact(job: string, name: string): Promise<Buffer> {
    const response = await this.fetch(`/api/jobs/${job}/artefacts/${encodeURIComponent(name)}`);
    if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
    return Buffer.from(await response.arrayBuffer());
  }

  /**
   * Asks until something holds, and returns the answer of which it does.
   *
   * @throws Error with the last answer if nothing of the kind was seen for minutes, however busy the machine is.
   */
  async until<T>(ask: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
    const begin = performance.now();
    for (;;) {
      const value = await ask();
      if (holds(value)) return value;
      const seconds = (performance.now() - begin) / 1000;
      if (seconds > PATIENCE_SECONDS)
        throw new Error(
          `${holds} did not hold for ${Math.round(seconds)} seconds. Last seen: ${inspect(value, { depth: 6 })}`,
        );
      await setTimeout(100);
    }
  }
}

function hasEnded({ state }: Job): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

async function answerOf<T>(response: Response): Promise<T> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return JSON.parse(text) as T;
}

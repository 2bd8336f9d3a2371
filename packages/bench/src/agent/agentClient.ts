import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { SnpError } from '@snp/onnx';
import { externalDataFiles } from '@snp/onnx/node';
import { throwIfAborted } from '@snp/runtime';
import type { z } from 'zod';
import type { BenchModel } from '../target/target.js';
import {
  type AgentInfo,
  type AgentJob,
  type AgentJobState,
  agentInfoSchema,
  agentJobStateSchema,
  ENDED,
} from './protocol.js';

/** Options of `AgentClient`. */
export interface AgentClientOptions {
  /** `http://pi.local:7070`. */
  url: string;
  token: string;
  /** How long an agent may be silent before it is given up, in milliseconds. Default two minutes. */
  patienceMs?: number | undefined;
  /** Milliseconds between questions how far a job is. Default 500. */
  pollMs?: number | undefined;
}

/** Defaults of `AgentClient`. */
export const AGENT_CLIENT_DEFAULTS = { patienceMs: 120_000, pollMs: 500 } as const;

type RequestOptions = Omit<RequestInit, 'signal'> & { signal?: AbortSignal | undefined; duplex?: 'half' };

/** Speaks to an agent: what breaks off goes on where it was. */
export class AgentClient {
  readonly #url: string;
  readonly #patience: number;
  readonly #poll: number;

  constructor(private readonly options: AgentClientOptions) {
    this.#url = options.url.replace(/\/+$/, '');
    this.#patience = options.patienceMs ?? AGENT_CLIENT_DEFAULTS.patienceMs;
    this.#poll = options.pollMs ?? AGENT_CLIENT_DEFAULTS.pollMs;
  }

  /** What the agent is, and which targets it has. */
  async info(signal?: AbortSignal): Promise<AgentInfo> {
    return this.#json('/', agentInfoSchema, { signal });
  }

  /** Brings a model with its data files to the agent, as far as they are not there; returns how jobs name them. */
  async upload(model: BenchModel, signal?: AbortSignal): Promise<AgentJob['models'][number]> {
    const files = await externalDataFiles(model.path);
    const data: { location: string; sha256: string }[] = [];
    for (const { location, path } of files) data.push({ location, sha256: await this.#send(path, signal) });
    const { batch, dims } = model.inputs;
    return {
      name: model.name,
      sha256: await this.#send(model.path, signal),
      data,
      inputs: { batch, ...(dims && { dims: { ...dims } }) },
    };
  }

  /** Submits a job under a name of one's own; a name sent twice is one job. */
  async submit(job: AgentJob, id: string = randomUUID(), signal?: AbortSignal): Promise<AgentJobState> {
    const body = JSON.stringify(job);
    const init = { method: 'PUT', body, headers: { 'content-type': 'application/json' }, signal };
    return this.#persist(() => this.#json(`/jobs/${id}`, agentJobStateSchema, init), signal);
  }

  /** Waits until a job has ended, however it did. The agent may come and go meanwhile. */
  async wait(id: string, onChange?: (state: AgentJobState) => void, signal?: AbortSignal): Promise<AgentJobState> {
    for (;;) {
      const state = await this.#persist(() => this.#json(`/jobs/${id}`, agentJobStateSchema, { signal }), signal);
      onChange?.(state);
      if (ENDED.has(state.state)) return state;
      await setTimeout(this.#poll, undefined, { signal });
    }
  }

  /** Stops a job, or forgets one that has ended. */
  async remove(id: string, signal?: AbortSignal): Promise<void> {
    await this.#fetch(`/jobs/${id}`, { method: 'DELETE', signal });
  }

  async #send(path: string, signal: AbortSignal | undefined): Promise<string> {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path)) hash.update(chunk);
    const sha256 = hash.digest('hex');
    const { size } = await stat(path);
    await this.#persist(async () => {
      const response = await this.#fetch(`/files/${sha256}`, { signal });
      const { bytes, complete } = (await response.json()) as { bytes: number; complete: boolean };
      if (complete) return;
      const content = size === bytes ? [] : createReadStream(path, { start: bytes });
      await this.#fetch(`/files/${sha256}`, {
        method: 'PATCH',
        headers: { 'upload-offset': String(bytes), 'upload-length': String(size) },
        body: Readable.toWeb(Readable.from(content)) as ReadableStream,
        duplex: 'half',
        signal,
      });
    }, signal);
    return sha256;
  }

  /** Tries again while the agent cannot be reached, until patience ends. What it refuses is refused. */
  async #persist<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const start = performance.now();
    for (let pause = 100; ; pause = Math.min(5000, 2 * pause)) {
      try {
        return await work();
      } catch (error) {
        throwIfAborted(signal);
        const unreachable = error instanceof SnpError && error.cause instanceof Error && error.code === 'io';
        if (!unreachable || performance.now() - start > this.#patience) throw error;
        await setTimeout(pause, undefined, { signal }).catch(() => throwIfAborted(signal));
      }
    }
  }

  async #json<T>(path: string, schema: z.ZodType<T>, init: RequestOptions): Promise<T> {
    const response = await this.#fetch(path, init);
    const { data, error } = schema.safeParse(await response.json().catch(() => undefined));
    if (data !== undefined) return data;
    throw new SnpError('runtime', `${this.#url} is no agent of this version: ${error!.issues[0].message}.`);
  }

  async #fetch(path: string, init: RequestOptions): Promise<Response> {
    const { signal, headers, ...rest } = init;
    const response = await fetch(this.#url + path, {
      ...rest,
      ...(signal && { signal }),
      headers: { ...headers, authorization: `Bearer ${this.options.token}` },
    }).catch((cause: Error) => {
      if (signal?.aborted) throw new SnpError('aborted', 'The caller stopped it.', {}, { cause });
      throw new SnpError('io', `${this.#url} cannot be reached: ${reasonOf(cause)}.`, {}, { cause });
    });
    if (response.ok) return response;
    const body = (await response.json().catch(() => ({}))) as { message?: string };
    throw new SnpError('runtime', `${this.#url} refused: ${body.message ?? `status ${response.status}`}`);
  }
}

function reasonOf({ cause, message }: Error): string {
  return cause instanceof Error ? cause.message : message;
}

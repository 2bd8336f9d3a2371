import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { SnpError } from '@snp/onnx';
import { privateFolder } from '@snp/onnx/node';
import { z } from 'zod';
import { fingerprint } from '../device/fingerprint.js';
import { localTargets } from '../localTargets.js';
import type { BenchProgress, Target } from '../target/target.js';
import { chunksOf } from './chunksOf.js';
import { FileStore } from './fileStore.js';
import { filesOf, measureJob, RUN_FOLDER } from './measureJob.js';
import { probeAll } from './probeAll.js';
import { agentJobSchema } from './protocol.js';

/** Options of `joinServer`. */
export interface ServerAgentOptions {
  /** Address of the server: `https://snp.example.org`. */
  server: string;
  /** A token with the role `device`. */
  token: string;
  /** Where models are kept, and the device's own number. */
  data: string;
  /** How people know the device. Default: the name of the machine. */
  name?: string | undefined;
  /** Most bytes of stored files. Default 10 GB. */
  quotaBytes?: number | undefined;
  /** Default: all of this machine. */
  targets?: readonly Target[] | undefined;
  /** Told in words what happens. */
  onEvent?: ((text: string) => void) | undefined;
}

/** An agent that takes jobs of a server. */
export interface ServerAgent {
  /** The number under which the server knows the device. */
  id: string;
  /** Takes no more jobs; the one that it is at is handed back. */
  close(): Promise<void>;
}

/** A word about a job that runs comes so often, in milliseconds: the server gives a job up that nothing is heard of for 20 s. */
const BEAT = 5_000;
/** How long a finished measurement is kept for a server that is away. */
const PATIENCE = 600_000;
const LONGEST_PAUSE = 15_000;

const jobSchema = z.object({ job: z.string(), lease: z.string(), work: agentJobSchema });
type ServerJob = z.infer<typeof jobSchema>;

/** A server that answered, but not as was asked. */
class Refused extends SnpError {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super('runtime', message);
  }
}

/**
 * Lends this machine's targets to a server: registers there, takes one job after the other, and goes on when the server was away. The connection
 * goes out from here, so that a device behind a router needs no open port.
 *
 * @throws SnpError `runtime` if the server refuses the token, `io` if it cannot be reached or the folder cannot be used.
 * @example
 * const agent = await joinServer({ server: 'http://snp.local:7080', token: process.env.SNP_AGENT_TOKEN ?? '', data: '/var/lib/snp' });
 */
export async function joinServer(options: ServerAgentOptions): Promise<ServerAgent> {
  const agent = new Joined(options);
  await agent.open();
  return agent;
}

class Joined implements ServerAgent {
  id = '';
  readonly #url: string;
  readonly #targets: readonly Target[];
  readonly #files: FileStore;
  readonly #folder: string;
  readonly #stop = new AbortController();
  #working: Promise<void> = Promise.resolve();
  #targetsFound: Awaited<ReturnType<typeof probeAll>> = [];

  constructor(private readonly options: ServerAgentOptions) {
    this.#url = options.server.replace(/\/+$/, '');
    this.#targets = options.targets ?? localTargets();
    this.#files = new FileStore(join(options.data, 'files'), options.quotaBytes ?? 10e9);
    this.#folder = join(options.data, 'server-jobs');
  }

  async open(): Promise<void> {
    const { data } = this.options;
    await privateFolder(data);
    try {
      await this.#files.open();
      await mkdir(this.#folder, { recursive: true });
      // What it was at when it was killed.
      for (const name of await readdir(this.#folder))
        if (name.startsWith(RUN_FOLDER)) await rm(join(this.#folder, name), { recursive: true, force: true });
      this.id = await ownId(join(data, 'device-id'));
    } catch (cause) {
      throw new SnpError('io', `${data} cannot be used: ${(cause as Error).message}.`, { file: data }, { cause });
    }
    this.#targetsFound = await probeAll(this.#targets);
    await this.#register();
    this.#working = this.#work();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#working;
    for (const target of this.#targets) await target.close?.();
  }

  async #register(): Promise<void> {
    const { name = hostname() } = this.options;
    await this.#ask('PUT', '', { name, fingerprint: await fingerprint(), targets: this.#targetsFound });
    this.#tell(`registered as ${name}`);
  }

  async #work(): Promise<void> {
    const { signal } = this.#stop;
    for (let pause = 500; !signal.aborted; ) {
      try {
        const job = await this.#take();
        if (job) await this.#do(job);
        pause = 500;
      } catch (error) {
        if (signal.aborted) return;
        this.#tell((error as Error).message);
        // Forgotten by the server: it may have another database now.
        if (error instanceof Refused && error.status === 404) await this.#register().catch(() => undefined);
        await setTimeout(pause, undefined, { signal }).catch(() => undefined);
        pause = Math.min(LONGEST_PAUSE, 2 * pause);
      }
    }
  }

  async #take(): Promise<ServerJob | undefined> {
    const response = await this.#fetch(`/api/devices/${this.id}/take`, { method: 'POST', signal: this.#stop.signal });
    if (response.status === 204) return undefined;
    const { data, error } = jobSchema.safeParse(await response.json());
    if (!data)
      throw new SnpError('runtime', `${this.#url} sent a job that this release does not know: ${error.message}`);
    return data;
  }

  async #do(job: ServerJob): Promise<void> {
    const stop = new AbortController();
    const onClose = () => stop.abort();
    this.#stop.signal.addEventListener('abort', onClose, { once: true });
    let progress: BenchProgress | undefined;
    const beat = setInterval(async () => {
      const told = progress && {
        step: progress.step,
        done: progress.done,
        ...(progress.total !== undefined && { total: progress.total }),
      };
      const answer = await this.#report(job, { ...(told && { progress: told }) }).catch((error) => error as Error);
      // Cancelled, or given to another. A server that is away may come back.
      if (answer instanceof Refused || (!(answer instanceof Error) && answer.stop)) stop.abort();
    }, BEAT);
    this.#tell(`measures ${job.work.models.map(({ name }) => name).join(', ')} on ${job.work.target}`);
    const release = this.#files.use(filesOf(job.work));
    try {
      for (const hash of filesOf(job.work)) await this.#download(hash, stop.signal);
      const result = await measureJob(job.work, {
        files: this.#files,
        targets: this.#targets,
        folder: this.#folder,
        signal: stop.signal,
        onProgress: (now) => {
          progress = now;
        },
      });
      await this.#persist(() => this.#report(job, { result }));
      this.#tell('measured');
    } catch (error) {
      if (this.#stop.signal.aborted) await this.#report(job, { release: true }).catch(() => undefined);
      else if (stop.signal.aborted || error instanceof Refused) this.#tell('the job was taken back');
      else await this.#persist(() => this.#report(job, { error: (error as Error).message }));
    } finally {
      clearInterval(beat);
      this.#stop.signal.removeEventListener('abort', onClose);
      release();
    }
  }

  /** Fetches a file, or the rest of one. */
  async #download(hash: string, signal: AbortSignal): Promise<void> {
    await this.#persist(async () => {
      const { bytes, complete } = await this.#files.find(hash);
      if (complete) return;
      const headers: Record<string, string> = bytes > 0 ? { range: `bytes=${bytes}-` } : {};
      const response = await this.#fetch(`/api/devices/${this.id}/files/${hash}`, { headers, signal });
      const total = Number(
        /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1] ?? response.headers.get('content-length'),
      );
      await this.#files.append(hash, response.status === 206 ? bytes : 0, total, this.#received(response));
      if (!(await this.#files.find(hash)).complete) throw new SnpError('io', `The download of ${hash} broke off.`);
    });
  }

  async #report({ job, lease }: ServerJob, what: object): Promise<{ stop: boolean }> {
    const response = await this.#ask('POST', `/jobs/${job}`, { lease, ...what });
    return (await response.json().catch((cause) => this.#away(cause))) as { stop: boolean };
  }

  /** The body of an answer. */
  async *#received({ body }: Response): AsyncGenerator<Uint8Array> {
    try {
      yield* chunksOf(body!);
    } catch (cause) {
      this.#away(cause as Error);
    }
  }

  /** A server that ends in the middle of an answer is away, as one that gives none. */
  #away(cause: Error): never {
    const why = (cause.cause as Error | undefined)?.message ?? cause.message;
    throw new SnpError('io', `${this.#url} cannot be reached: ${why}.`, {}, { cause });
  }

  /** Tries again while the server is away. What it refuses is refused. */
  async #persist<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    for (let pause = 200; ; pause = Math.min(LONGEST_PAUSE, 2 * pause)) {
      try {
        return await work();
      } catch (error) {
        const away = error instanceof SnpError && error.code === 'io';
        if (!away || this.#stop.signal.aborted || performance.now() - start > PATIENCE) throw error;
        await setTimeout(pause, undefined, { signal: this.#stop.signal });
      }
    }
  }

  #ask(method: string, path: string, body: object): Promise<Response> {
    const headers = { 'content-type': 'application/json' };
    return this.#fetch(`/api/devices/${this.id}${path}`, { method, body: JSON.stringify(body), headers });
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${this.options.token}` };
    const response = await fetch(this.#url + path, { ...init, headers }).catch((cause) => this.#away(cause));
    if (response.ok) return response;
    const { detail } = (await response.json().catch(() => ({}))) as { detail?: string };
    // Starting, stopping, or busy: not a refusal.
    if (response.status === 503 || response.status === 429) throw new SnpError('io', `${this.#url} is busy.`);
    throw new Refused(response.status, `${this.#url} refused: ${detail ?? `status ${response.status}`}`);
  }

  #tell(text: string): void {
    this.options.onEvent?.(text);
  }
}

/** The device's number: made once, kept in its folder. */
async function ownId(path: string): Promise<string> {
  const known = await readFile(path, 'utf8').catch(() => undefined);
  if (known) return known.trim();
  const id = randomUUID();
  await writeFile(path, `${id}\n`);
  return id;
}

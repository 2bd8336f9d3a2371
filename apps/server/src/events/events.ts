import { setTimeout } from 'node:timers/promises';
import type { Context } from 'hono';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import type { Database } from '../database/database.js';
import { type Devices, presentDevice } from '../devices/devices.js';
import { Failure } from '../failure.js';
import { type Env, identityOf } from '../http/env.js';
import { ENDS } from '../jobs/job.js';
import { type CountedJob, type Jobs, presentJob, presentLog } from '../jobs/jobs.js';
import { shareOf } from '../security/shares.js';

/** One who listens: what changed since it was last served. What comes faster than it reads becomes one. */
class Listener {
  constructor(
    readonly token: string,
    /** The one job that it is about. */
    readonly job: string | undefined,
  ) {}

  readonly changed = new Set<string>();
  #wake: (() => void) | undefined;

  mark(key: string): void {
    this.changed.add(key);
    this.#wake?.();
  }

  /** The next changes; none after so many milliseconds without. */
  async next(milliseconds: number): Promise<string[]> {
    if (this.changed.size === 0) {
      const late = new AbortController();
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
        setTimeout(milliseconds, undefined, { signal: late.signal }).catch(() => undefined),
      ]);
      late.abort();
      this.#wake = undefined;
    }
    const keys = [...this.changed];
    this.changed.clear();
    return keys;
  }

  end(): void {
    this.#wake?.();
  }
}

/** Who may listen at once. */
const MOST_LISTENERS = 1000;
/** A line now and then keeps connections from being cut, and finds those that are gone. */
const KEEP_ALIVE = 15_000;
/** Lines of a log that are read at once. */
const PORTION = 1000;
/** In place of the changes that nobody heard of. */
const MISSED = 'missed';
/** Changes within this time are told as one, in milliseconds. */
const TOGETHER = 100;

/** Tells browsers of changes as they come: the database tells the server, which looks once for all that listen. */
export class Events {
  readonly #listeners = new Set<Listener>();
  readonly #rows = new Map<string, Promise<CountedJob | undefined>>();
  #closed = false;

  constructor(
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly devices: Devices,
  ) {}

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Connections of a token that listen. */
  of(token: string): number {
    return [...this.#listeners].filter((listener) => listener.token === token).length;
  }

  async start(): Promise<void> {
    const missed = () => {
      this.#rows.clear();
      for (const listener of this.#listeners) listener.mark(listener.job ?? MISSED);
    };
    await this.database.listen('snp_jobs', (payload) => this.#tell(payload.split(' ')[0]), missed);
    await this.database.listen('snp_devices', (id) => this.#tellAll(`device ${id}`), missed);
  }

  close(): void {
    this.#closed = true;
    for (const listener of this.#listeners) listener.end();
  }

  /** Progress and log of one job, until it has ended. */
  async ofJob(context: Context<Env>, id: string): Promise<Response> {
    await this.jobs.get(id);
    const heard = Number(context.req.header('last-event-id'));
    return this.#stream(context, id, async (stream, listener) => {
      let last = Number.isSafeInteger(heard) ? heard : 0;
      listener.mark(id);
      while (this.#isOpen(stream)) {
        const changed = await listener.next(KEEP_ALIVE);
        if (changed.length === 0) {
          await stream.write(': \n\n');
          continue;
        }
        const row = await this.#row(id);
        last = await this.#tellLog(stream, id, last);
        if (!row) return;
        await stream.writeSSE({ event: 'job', data: JSON.stringify(presentJob(row)) });
        if (ENDS.includes(row.state)) return;
        await stream.sleep(TOGETHER);
      }
    });
  }

  /** Changes of all jobs and devices. */
  ofAll(context: Context<Env>): Promise<Response> {
    return this.#stream(context, undefined, async (stream, listener) => {
      // Headers only leave with the first bytes.
      await stream.write(': \n\n');
      while (this.#isOpen(stream)) {
        const changed = await listener.next(KEEP_ALIVE);
        // What changed meanwhile cannot be told any more: whoever connects again fetches everything anew.
        if (changed.includes(MISSED)) return;
        if (changed.length === 0) await stream.write(': \n\n');
        for (const key of changed) {
          if (key.startsWith('device ')) {
            const device = await this.devices.find(key.slice('device '.length));
            if (device) await stream.writeSSE({ event: 'device', data: JSON.stringify(presentDevice(device)) });
          } else {
            const row = await this.#row(key);
            if (row) await stream.writeSSE({ event: 'job', data: JSON.stringify(presentJob(row)) });
          }
        }
        await stream.sleep(TOGETHER);
      }
    });
  }

  async #stream(
    context: Context<Env>,
    job: string | undefined,
    serve: (stream: SSEStreamingApi, listener: Listener) => Promise<void>,
  ): Promise<Response> {
    const { token } = identityOf(context);
    if (this.#listeners.size >= MOST_LISTENERS)
      throw new Failure('too-many-requests', 'Too many are listening already.');
    if (this.of(token) >= shareOf(MOST_LISTENERS))
      throw new Failure(
        'too-many-requests',
        `${this.of(token)} are listening with this token already, as many as may.`,
      );
    context.header('cache-control', 'no-cache, no-transform');
    // Proxies that collect answers would hold events back.
    context.header('x-accel-buffering', 'no');
    return streamSSE(context, async (stream) => {
      const listener = new Listener(token, job);
      this.#listeners.add(listener);
      stream.onAbort(() => {
        this.#listeners.delete(listener);
        listener.end();
      });
      try {
        await serve(stream, listener);
      } finally {
        this.#listeners.delete(listener);
      }
    });
  }

  /** Sends all lines of a log after one, in portions; returns the number of the last. */
  async #tellLog(stream: SSEStreamingApi, id: string, after: number): Promise<number> {
    for (let last = after; ; ) {
      const lines = await this.jobs.logs(id, last, PORTION);
      for (const line of lines) {
        last = Number(line.seq);
        await stream.writeSSE({ event: 'log', id: String(last), data: JSON.stringify(presentLog(line)) });
      }
      if (lines.length < PORTION || !this.#isOpen(stream)) return last;
    }
  }

  #isOpen(stream: SSEStreamingApi): boolean {
    return !this.#closed && !stream.aborted && !stream.closed;
  }

  #tell(id: string): void {
    this.#rows.delete(id);
    for (const listener of this.#listeners) if (listener.job === undefined || listener.job === id) listener.mark(id);
  }

  #tellAll(key: string): void {
    for (const listener of this.#listeners) if (listener.job === undefined) listener.mark(key);
  }

  /** One question to the database for all that want to know. */
  #row(id: string): Promise<CountedJob | undefined> {
    const known = this.#rows.get(id);
    if (known) return known;
    const row = this.jobs.find(id);
    this.#rows.set(id, row);
    const forget = () => {
      if (this.#rows.get(id) === row) this.#rows.delete(id);
    };
    row.then(() => globalThis.setTimeout(forget, TOGETHER).unref(), forget);
    return row;
  }
}

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SnpError } from '@snp/onnx';
import { makeFolders } from '@snp/onnx/node';
import type { Log } from '../log.js';
import type { Database, Row, Sql } from './database.js';

/** What the process of the database is asked. */
export type Question =
  | { id: number; text: string; values?: unknown[] | undefined }
  | { id: number; listen: string }
  | { close: true };

/** What it says. */
export type Answer =
  | { ready: true }
  | { failed: string }
  | { id: number; rows: object[] }
  | { id: number; error: { message: string; code?: string | undefined } }
  | { channel: string; payload: string };

interface Waiting {
  resolve(rows: never[]): void;
  reject(error: Error): void;
}

interface Listener {
  heard(payload: string): void;
  again(): void;
}

/** Pause before it is tried again to open a database that ended, in milliseconds. */
const PAUSE = 1000;

/** PGlite in a folder: PostgreSQL for one server, with nothing else running. If its process ends, it is opened anew; what was running there fails. */
export class Embedded implements Database {
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Map<string, Listener[]>();
  /** None while it is opened anew. */
  #process: ChildProcess | undefined;
  #opened: Promise<void> = Promise.resolve();
  /** One transaction at a time: there is one connection. */
  #turn: Promise<unknown> = Promise.resolve();
  #next = 1;
  #closed = false;

  private constructor(
    private readonly folder: string,
    private readonly log: Log,
  ) {}

  /** @throws SnpError `io` if the folder cannot be used. */
  static async open(folder: string, log: Log): Promise<Embedded> {
    // A new one comes whole, as a copy of the empty database (`unpackFolder`).
    await makeFolders(existsSync(folder) ? folder : dirname(folder), 0o700);
    const database = new Embedded(folder, log);
    await database.#open();
    return database;
  }

  query<R = Row>(text: string, values?: readonly unknown[]): Promise<R[]> {
    return this.#inTurn((on) => this.#query<R>(on, text, values));
  }

  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#inTurn(async (on) => {
      await this.#query(on, 'begin');
      try {
        const result = await work({ query: (text, values) => this.#query(on, text, values) });
        await this.#query(on, 'commit');
        return result;
      } catch (error) {
        await this.#query(on, 'rollback').catch(() => undefined);
        throw error;
      }
    });
  }

  /** There is no other process: the folder is locked. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  async listen(channel: string, heard: (payload: string) => void, again: () => void): Promise<void> {
    const others = this.#listeners.get(channel);
    this.#listeners.set(channel, [...(others ?? []), { heard, again }]);
    if (others) return;
    await this.#inTurn((on) => this.#listen(on, channel));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#opened;
    const child = this.#process;
    if (!child) return;
    const ended = once(child, 'exit');
    await this.#turn;
    child.send({ close: true } satisfies Question, () => undefined);
    await ended;
  }

  async #open(): Promise<void> {
    const child = await begin(this.folder);
    child.on('message', (answer: Answer) => this.#receive(answer));
    child.once('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) reject(away());
      this.#waiting.clear();
      // Where it never came to be used, whoever opens it sees to it.
      if (this.#process !== child) return;
      this.#process = undefined;
      if (this.#closed) return;
      this.log.error({ code, signal }, 'the embedded database ended; it is opened anew');
      this.#opened = this.#openAnew();
    });
    for (const channel of this.#listeners.keys()) await this.#listen(child, channel);
    this.#process = child;
  }

  async #openAnew(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.#open();
        for (const { again } of [...this.#listeners.values()].flat()) again();
        return;
      } catch (error) {
        this.log.error({ err: error }, 'the embedded database cannot be opened; trying again');
        await setTimeout(PAUSE);
      }
    }
  }

  #listen(on: ChildProcess, channel: string): Promise<unknown> {
    return this.#ask(on, (id) => ({ id, listen: channel }));
  }

  #query<R>(on: ChildProcess, text: string, values?: readonly unknown[]): Promise<R[]> {
    return this.#ask(on, (id) => ({ id, text, ...(values && { values: [...values] }) }));
  }

  #inTurn<T>(work: (on: ChildProcess) => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => {
      if (!this.#process) throw away();
      return work(this.#process);
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }

  #ask<R>(on: ChildProcess, question: (id: number) => Question): Promise<R[]> {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      on.send(question(id), (error) => {
        if (!error) return;
        this.#waiting.delete(id);
        reject(away(error));
      });
    });
  }

  #receive(answer: Answer): void {
    if ('channel' in answer) {
      for (const { heard } of this.#listeners.get(answer.channel) ?? []) heard(answer.payload);
      return;
    }
    if (!('id' in answer)) return;
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('rows' in answer) waiting?.resolve(answer.rows as never[]);
    else waiting?.reject(Object.assign(new Error(answer.error.message), { code: answer.error.code }));
  }
}

/** Starts the process of a database; it can be used then. */
async function begin(folder: string): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('embeddedProcess.js', import.meta.url)), [folder], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { PATH: process.env.PATH },
  });
  const fail = (why: string): never => {
    throw new SnpError('io', `The embedded database in ${folder} cannot be used: ${why}.`, { file: folder });
  };
  const [answer] = (await Promise.race([once(child, 'message'), once(child, 'exit').then(() => [])])) as [Answer?];
  if (!answer) return fail('its process ended');
  if ('failed' in answer) return fail(answer.failed);
  return child;
}

function away(cause?: Error): SnpError {
  return new SnpError('io', 'The embedded database ended and is opened anew. Try again in a moment.', {}, { cause });
}

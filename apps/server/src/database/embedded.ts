import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SnpError } from '@snp/onnx';
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

/** PGlite in a folder: PostgreSQL for one server, with nothing else running. */
export class Embedded implements Database {
  readonly #waiting = new Map<number, Waiting>();
  readonly #heard = new Map<string, ((payload: string) => void)[]>();
  /** One transaction at a time: there is one connection. */
  #turn: Promise<unknown> = Promise.resolve();
  #next = 1;

  private constructor(private readonly process: ChildProcess) {
    process.on('message', (answer: Answer) => this.#receive(answer));
    process.once('exit', (code) => {
      const error = new SnpError('io', `The embedded database ended with code ${code}. Start the server again.`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  /** @throws SnpError `io` if the folder cannot be used. */
  static async open(folder: string): Promise<Embedded> {
    await mkdir(dirname(folder), { recursive: true });
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
    return new Embedded(child);
  }

  query<R = Row>(text: string, values?: readonly unknown[]): Promise<R[]> {
    return this.#inTurn(() => this.#query<R>(text, values));
  }

  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      await this.#query('begin');
      try {
        const result = await work({ query: (text, values) => this.#query(text, values) });
        await this.#query('commit');
        return result;
      } catch (error) {
        await this.#query('rollback').catch(() => undefined);
        throw error;
      }
    });
  }

  /** There is no other process: the folder is locked. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  async listen(channel: string, heard: (payload: string) => void): Promise<void> {
    const others = this.#heard.get(channel);
    this.#heard.set(channel, [...(others ?? []), heard]);
    if (others) return;
    await this.#inTurn(() => this.#ask((id) => ({ id, listen: channel })));
  }

  async close(): Promise<void> {
    if (this.process.exitCode !== null || !this.process.connected) return;
    const ended = once(this.process, 'exit');
    await this.#inTurn(async () => this.process.send({ close: true } satisfies Question));
    await ended;
  }

  #query<R>(text: string, values?: readonly unknown[]): Promise<R[]> {
    return this.#ask((id) => ({ id, text, ...(values && { values: [...values] }) }));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  #ask<R>(question: (id: number) => Question): Promise<R[]> {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.process.send(question(id), (error) => {
        if (!error) return;
        this.#waiting.delete(id);
        reject(error);
      });
    });
  }

  #receive(answer: Answer): void {
    if ('channel' in answer) {
      for (const heard of this.#heard.get(answer.channel) ?? []) heard(answer.payload);
      return;
    }
    if (!('id' in answer)) return;
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('rows' in answer) waiting?.resolve(answer.rows as never[]);
    else waiting?.reject(Object.assign(new Error(answer.error.message), { code: answer.error.code }));
  }
}

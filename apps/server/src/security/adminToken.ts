import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syncPath } from '../folder/sync.js';
import type { Tokens } from './tokens.js';

/** The administrator's token that is kept in the folder of the server, readable by its owner alone. */
export class AdminToken {
  readonly #path: string;

  constructor(
    private readonly tokens: Tokens,
    private readonly folder: string,
  ) {
    this.#path = join(folder, 'token');
  }

  /** Its file; undefined if there is none. */
  get file(): string | undefined {
    return existsSync(this.#path) ? this.#path : undefined;
  }

  /** Without an administrator whose token is valid, one is made: else nobody would ever get in. */
  async require(): Promise<void> {
    if (!(await this.tokens.admin())) await this.#make();
  }

  /** Makes another one; the one that was kept here is revoked. */
  async renew(): Promise<void> {
    const before = await this.#kept();
    await this.#make();
    if (before) await this.tokens.remove(before).catch(() => undefined);
  }

  /** Id of the one that is kept. */
  async #kept(): Promise<string | undefined> {
    const text = await readFile(this.#path, 'utf8').catch(() => '');
    return (await this.tokens.identify(text.trim()))?.token;
  }

  /** The file first: a token without a file would be one that nobody has. */
  async #make(): Promise<void> {
    await this.tokens.createKept('first administrator', 'admin', async (secret) => {
      const beside = `${this.#path}.new`;
      await rm(beside, { force: true });
      await writeFile(beside, `${secret}\n`, { mode: 0o600, flag: 'wx', flush: true });
      await rename(beside, this.#path);
      await syncPath(this.folder);
    });
  }
}

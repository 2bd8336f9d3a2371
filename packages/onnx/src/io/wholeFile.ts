import { randomBytes } from 'node:crypto';
import { linkSync, renameSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SnpError } from '../errors.js';
import { reason } from './reason.js';

/** Files that are being written and would be left behind if the process ended now. */
const unfinished = new Set<string>();

/** Removes files that are not complete yet; for signal handlers, which cannot wait. */
export function removeUnfinished(): void {
  for (const path of unfinished) rmSync(path, { force: true });
  unfinished.clear();
}

/** A file that takes its place only when it is complete: written beside, then renamed. */
export class WholeFile {
  #state: 'open' | 'finished' | 'gone' = 'open';

  private constructor(
    readonly path: string,
    private readonly temporary: string,
    private readonly handle: FileHandle,
  ) {}

  /** Opens a file beside `path`. An existing file at `path` stays as it is until `commit`. */
  static async open(path: string): Promise<WholeFile> {
    const folder = await stat(path).catch(() => undefined);
    if (folder?.isDirectory())
      throw new SnpError('io', `${path} cannot be written: it is a folder. Give a file name.`, { file: path });
    const temporary = hiddenName(path, 'tmp');
    // Before it is there: a signal may come between its creation and the answer.
    unfinished.add(temporary);
    try {
      return new WholeFile(path, temporary, await open(temporary, 'wx'));
    } catch (cause) {
      unfinished.delete(temporary);
      throw new SnpError(
        'io',
        `${path} cannot be written: ${reason(cause)}. Choose a folder that exists and can be written to.`,
        { file: path },
        { cause },
      );
    }
  }

  /**
   * Gives files that belong together their names, all of them or none: each is made complete first, and what an earlier
   * one replaced comes back if a later one cannot take its place. Files that were discarded are passed over.
   */
  static async commitAll(files: readonly WholeFile[], { durable = true }: { durable?: boolean } = {}): Promise<void> {
    const wanted = files.filter((file) => file.#state !== 'gone');
    for (const file of wanted) await file.#finish(durable);
    // Nothing waits from here on, so that no signal handler can end the process half-way.
    const replaced: Replaced[] = [];
    try {
      for (const file of wanted) replaced.push(file.#takePlace(wanted.length > 1));
    } catch (error) {
      for (const { path, old } of replaced.reverse()) {
        if (old) putBack(old, path);
        else rmSync(path, { force: true });
      }
      throw error;
    }
    for (const { old } of replaced) if (old) rmSync(old, { force: true });
  }

  async write(...chunks: Uint8Array[]): Promise<void> {
    for (let rest = chunks; rest.length > 0; ) rest = behind(rest, (await this.handle.writev(rest)).bytesWritten);
  }

  /** Makes the file durable and gives it its name. */
  async commit(): Promise<void> {
    await WholeFile.commitAll([this]);
  }

  /** Drops what was written. Does nothing after `commit`. */
  async discard(): Promise<void> {
    if (this.#state === 'open') await this.handle.close().catch(() => undefined);
    this.#state = 'gone';
    await rm(this.temporary, { force: true });
    unfinished.delete(this.temporary);
  }

  async #finish(durable: boolean): Promise<void> {
    if (durable) await this.handle.sync();
    await this.handle.close();
    this.#state = 'finished';
  }

  #takePlace(keepOld: boolean): Replaced {
    const old = keepOld ? keep(this.path) : undefined;
    try {
      renameSync(this.temporary, this.path);
    } catch (error) {
      if (old) putBack(old, this.path);
      throw error;
    }
    this.#state = 'gone';
    unfinished.delete(this.temporary);
    return { path: this.path, old };
  }
}

/** What is left of chunks once so many bytes were written. */
function behind(chunks: readonly Uint8Array[], written: number): Uint8Array[] {
  const at = chunks.findIndex(({ length }) => {
    if (length > written) return true;
    written -= length;
    return false;
  });
  return at < 0 ? [] : [chunks[at].subarray(written), ...chunks.slice(at + 1)];
}

/** A path that holds a new file now, and where the file is kept that was there before. */
interface Replaced {
  path: string;
  old: string | undefined;
}

/** Gives an existing file a second, hidden name; where file systems know no links, that name only. */
function keep(path: string): string | undefined {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined;
  const old = hiddenName(path, 'old');
  try {
    linkSync(path, old);
  } catch {
    renameSync(path, old);
  }
  return old;
}

function putBack(old: string, path: string): void {
  renameSync(old, path);
  // Renaming does nothing where both names are the same file already.
  rmSync(old, { force: true });
}

function hiddenName(path: string, ending: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.${ending}`);
}

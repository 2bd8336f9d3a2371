import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SnpError } from '../errors.js';
import { reason } from './readModel.js';

/** Files that are being written and would be left behind if the process ended now. */
const unfinished = new Set<string>();

/** Removes files that are not complete yet; for signal handlers, which cannot wait. */
export function removeUnfinished(): void {
  for (const path of unfinished) rmSync(path, { force: true });
  unfinished.clear();
}

/** A file that takes its place only when it is complete: written beside, then renamed. */
export class WholeFile {
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
    const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.tmp`);
    try {
      const handle = await open(temporary, 'wx');
      unfinished.add(temporary);
      return new WholeFile(path, temporary, handle);
    } catch (cause) {
      throw new SnpError(
        'io',
        `${path} cannot be written: ${reason(cause)}. Choose a folder that exists and can be written to.`,
        { file: path },
        { cause },
      );
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.handle.write(bytes, done, Math.min(bytes.length - done, 1 << 30));
      done += bytesWritten;
    }
  }

  /** Makes the file durable and gives it its name. */
  async commit(): Promise<void> {
    await this.handle.sync();
    await this.handle.close();
    await rename(this.temporary, this.path);
    unfinished.delete(this.temporary);
  }

  /** Drops what was written. */
  async discard(): Promise<void> {
    await this.handle.close().catch(() => undefined);
    await rm(this.temporary, { force: true });
    unfinished.delete(this.temporary);
  }
}

/** Writes a whole file or nothing. */
export async function writeFileWhole(
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  const file = await WholeFile.open(path);
  try {
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      await file.write(chunk);
    }
    await file.commit();
  } catch (cause) {
    await file.discard();
    if (cause instanceof SnpError || signal?.aborted) throw cause;
    throw new SnpError(
      'io',
      `${path} could not be written: ${reason(cause)}. What was there before is unchanged.`,
      { file: path },
      { cause },
    );
  }
}

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { SnpError } from '@snp/onnx';

/** How much of a file is there. */
export interface StoredFile {
  bytes: number;
  complete: boolean;
}

/**
 * Files named by the SHA-256 of what they hold. Uploads may stop and go on; a file is there when its content has the hash it was announced
 * with. Where the quota is reached, files that were not used for longest make room.
 */
export class FileStore {
  /** Files that a job needs, by how many need them. */
  readonly #inUse = new Map<string, number>();
  readonly #uploading = new Set<string>();

  constructor(
    private readonly folder: string,
    readonly quotaBytes: number,
  ) {}

  async open(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
  }

  async find(hash: string): Promise<StoredFile> {
    const whole = await sizeOf(this.path(hash));
    if (whole !== undefined) return { bytes: whole, complete: true };
    return { bytes: (await sizeOf(this.#partial(hash))) ?? 0, complete: false };
  }

  path(hash: string): string {
    return join(this.folder, hash);
  }

  /**
   * Takes the rest of a file, from a byte on that must be where it stopped.
   *
   * @throws SnpError `invalid-argument` if it goes on elsewhere, is being uploaded already, or has another hash when it is complete; `limit` if there is no room.
   */
  async append(
    hash: string,
    offset: number,
    totalBytes: number,
    content: AsyncIterable<Uint8Array>,
  ): Promise<StoredFile> {
    if (this.#uploading.has(hash))
      throw new SnpError('invalid-argument', `The file ${hash} is being uploaded already.`);
    this.#uploading.add(hash);
    try {
      const known = await this.find(hash);
      if (known.complete) return known;
      if (offset !== known.bytes)
        throw new SnpError(
          'invalid-argument',
          `The upload goes on at byte ${offset}, but ${known.bytes} bytes are there.`,
        );
      await this.#makeRoom(totalBytes - known.bytes, hash);
      await this.#write(hash, offset, totalBytes, content);
      const { bytes } = await this.find(hash);
      if (bytes < totalBytes) return { bytes, complete: false };
      return await this.#complete(hash, bytes);
    } finally {
      this.#uploading.delete(hash);
    }
  }

  async #write(hash: string, offset: number, total: number, content: AsyncIterable<Uint8Array>): Promise<void> {
    const path = this.#partial(hash);
    let at = offset;
    const checked = async function* () {
      for await (const chunk of content) {
        at += chunk.length;
        if (at > total)
          throw new SnpError('invalid-argument', `The upload has more than the ${total} bytes that were announced.`);
        yield chunk;
      }
    };
    try {
      await pipeline(checked, createWriteStream(path, { flags: offset === 0 ? 'w' : 'r+', start: offset }));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      // What is there of it would keep the disk full.
      await rm(path, { force: true });
      throw new SnpError('limit', 'The disk of the agent is full.', {}, { cause: error });
    }
  }

  async #complete(hash: string, bytes: number): Promise<StoredFile> {
    const path = this.#partial(hash);
    const content = createHash('sha256');
    for await (const chunk of createReadStream(path)) content.update(chunk);
    if (content.digest('hex') !== hash) {
      await rm(path, { force: true });
      throw new SnpError('invalid-argument', `The upload does not have the hash ${hash}; it was thrown away.`);
    }
    await rename(path, this.path(hash));
    return { bytes, complete: true };
  }

  /** Keeps files until they are released. */
  use(hashes: readonly string[]): () => void {
    for (const hash of hashes) this.#inUse.set(hash, (this.#inUse.get(hash) ?? 0) + 1);
    const now = new Date();
    for (const hash of hashes) utimes(this.path(hash), now, now).catch(() => undefined);
    return () => {
      for (const hash of hashes) {
        const left = (this.#inUse.get(hash) ?? 1) - 1;
        if (left > 0) this.#inUse.set(hash, left);
        else this.#inUse.delete(hash);
      }
    };
  }

  async usedBytes(): Promise<number> {
    return (await this.#list()).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Removes the files that were not used for longest, until there is room. */
  async #makeRoom(bytes: number, keep: string): Promise<void> {
    const files = await this.#list();
    let used = files.reduce((sum, file) => sum + file.bytes, 0);
    const removable = files
      .filter(({ hash }) => hash !== keep && !this.#inUse.has(hash) && !this.#uploading.has(hash))
      .sort((a, b) => a.usedAt - b.usedAt);
    for (const file of removable) {
      if (used + bytes <= this.quotaBytes) return;
      await rm(file.path, { force: true });
      used -= file.bytes;
    }
    if (used + bytes > this.quotaBytes)
      throw new SnpError(
        'limit',
        `The agent stores at most ${this.quotaBytes} bytes, and has no room for ${bytes} more.`,
      );
  }

  async #list(): Promise<{ hash: string; path: string; bytes: number; usedAt: number }[]> {
    const names = await readdir(this.folder);
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.folder, name);
        const stats = await stat(path).catch(() => undefined);
        return stats?.isFile() ? [{ hash: name.slice(0, 64), path, bytes: stats.size, usedAt: stats.mtimeMs }] : [];
      }),
    );
    return files.flat();
  }

  #partial(hash: string): string {
    return join(this.folder, `${hash}.part`);
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

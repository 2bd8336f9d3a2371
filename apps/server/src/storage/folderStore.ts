import { createReadStream } from 'node:fs';
import { access, chmod, constants, copyFile, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { SnpError } from '@snp/onnx';
import type { ArtefactStore, ByteRange } from './artefactStore.js';
import { writeWhole } from './writeWhole.js';

/** Artefacts in a folder, or in one that several machines share. */
export class FolderStore implements ArtefactStore {
  constructor(private readonly folder: string) {}

  async take(sha256: string, path: string): Promise<void> {
    const place = this.#path(sha256);
    await mkdir(dirname(place), { recursive: true });
    if (await this.has(sha256)) return rm(path, { force: true });
    // Nobody may change it: jobs see it through links.
    await chmod(path, 0o444);
    await rename(path, place).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EXDEV') throw error;
      // From another disk.
      await writeWhole(place, (beside) => copyFile(path, beside));
      await rm(path, { force: true });
    });
  }

  async read(sha256: string, range?: ByteRange): Promise<Readable> {
    const file = await open(this.#path(sha256)).catch((cause) => missing(sha256, cause));
    return createReadStream('', { fd: file, ...(range && { start: range.start, end: range.end }) });
  }

  async place(sha256: string, path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const from = this.#path(sha256);
    await link(from, path)
      .catch(() => writeWhole(path, (beside) => copyFile(from, beside, constants.COPYFILE_FICLONE)))
      .catch((cause) => missing(sha256, cause));
  }

  async has(sha256: string): Promise<boolean> {
    return (await stat(this.#path(sha256)).catch(() => undefined))?.isFile() ?? false;
  }

  async remove(sha256: string): Promise<void> {
    await rm(this.#path(sha256), { force: true });
  }

  async check(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await access(this.folder, constants.R_OK | constants.W_OK);
  }

  /** In 256 folders: some file systems are slow with many files in one. */
  #path(sha256: string): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new SnpError('invalid-argument', 'Files are named by their SHA-256.');
    return join(this.folder, sha256.slice(0, 2), sha256);
  }
}

function missing(sha256: string, cause: unknown): never {
  throw new SnpError('io', `The file ${sha256} is missing from the artefact store.`, {}, { cause });
}

import { createWriteStream, type Stats } from 'node:fs';
import {
  access,
  chmod,
  constants,
  copyFile,
  type FileHandle,
  link,
  mkdir,
  open,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SnpError } from '@snp/onnx';
import { isAt } from '../folder/plainFile.js';
import { makeFolderDurable, syncPath } from '../folder/sync.js';
import { type ArtefactStore, type ByteRange, damaged, type FileState } from './artefactStore.js';
import { hashOf } from './hashOf.js';
import { writeWhole } from './writeWhole.js';

/** Other machines may come as other users of the same group. */
const SHARED = 0o770;
const OTHERS = 0o007;
const OTHERS_WRITE = 0o002;

/** What is known of a file that looks the same still. */
interface Seen {
  looks: string;
  isWhole: Promise<boolean>;
}

/** Artefacts in a folder, or in one that several machines share. A file is read as a whole before this process uses it for the first time. */
export class FolderStore implements ArtefactStore {
  readonly #seen = new Map<string, Seen>();

  constructor(private readonly folder: string) {}

  async take(sha256: string, path: string, file: FileHandle): Promise<void> {
    const place = this.#path(sha256);
    await makeFolderDurable(dirname(place), SHARED);
    if ((await this.state(sha256)) === 'whole') {
      // Whoever put it there may have been killed before it was durable.
      await syncPath(place);
      await syncPath(dirname(place));
      return rm(path, { force: true });
    }
    // Nobody may change it: jobs see it through links.
    await file.chmod(0o444);
    await file.sync();
    if (!(await isAt(file, path)))
      throw new SnpError('io', `${path} was exchanged while it was taken over.`, { file: path });
    const isMoved = await rename(path, place).then(
      () => true,
      (error: NodeJS.ErrnoException) => (error.code === 'EXDEV' ? false : Promise.reject(error)),
    );
    if (!isMoved) await this.#copy(file, path, place);
    await syncPath(dirname(place));
    this.#seen.set(sha256, { looks: looksOf(await stat(place)), isWhole: Promise.resolve(true) });
  }

  async read(sha256: string, range?: ByteRange): Promise<Readable> {
    const file = await open(this.#path(sha256)).catch(() => {
      throw damaged(sha256, 'missing');
    });
    if (await this.#isWhole(sha256, file)) return file.createReadStream({ start: range?.start ?? 0, end: range?.end });
    await file.close();
    throw damaged(sha256, 'damaged');
  }

  async place(sha256: string, path: string): Promise<void> {
    const state = await this.state(sha256);
    if (state !== 'whole') throw damaged(sha256, state);
    await mkdir(dirname(path), { recursive: true });
    const from = this.#path(sha256);
    await link(from, path).catch(() =>
      writeWhole(path, (beside) => copyFile(from, beside, constants.COPYFILE_FICLONE)),
    );
  }

  async state(sha256: string): Promise<FileState> {
    const file = await open(this.#path(sha256)).catch(() => undefined);
    if (!file) return 'missing';
    try {
      return (await this.#isWhole(sha256, file)) ? 'whole' : 'damaged';
    } finally {
      await file.close();
    }
  }

  async check(sha256: string, pace?: (bytes: number) => Promise<void>): Promise<FileState> {
    const file = await open(this.#path(sha256)).catch(() => undefined);
    if (!file) return 'missing';
    try {
      const isWhole = (await hashOf(file, pace)) === sha256;
      this.#seen.set(sha256, { looks: looksOf(await file.stat()), isWhole: Promise.resolve(isWhole) });
      return isWhole ? 'whole' : 'damaged';
    } finally {
      await file.close();
    }
  }

  async remove(sha256: string): Promise<void> {
    this.#seen.delete(sha256);
    await rm(this.#path(sha256), { force: true });
  }

  async open(): Promise<void> {
    await makeFolderDurable(this.folder, SHARED);
    await access(this.folder, constants.R_OK | constants.W_OK);
    const { mode, uid } = await stat(this.folder);
    if (uid === process.getuid?.() && mode & OTHERS) await chmod(this.folder, mode & SHARED);
    else if (process.getuid && mode & OTHERS_WRITE)
      throw new SnpError('io', `Everybody can write to the folder ${this.folder}: chmod o-rwx it.`, {
        file: this.folder,
      });
  }

  async #isWhole(sha256: string, file: FileHandle): Promise<boolean> {
    const looks = looksOf(await file.stat());
    const seen = this.#seen.get(sha256);
    if (seen?.looks === looks) return seen.isWhole;
    const isWhole = hashOf(file).then((hash) => hash === sha256);
    this.#seen.set(sha256, { looks, isWhole });
    isWhole.catch(() => this.#seen.delete(sha256));
    return isWhole;
  }

  /** From another disk. */
  async #copy(file: FileHandle, path: string, place: string): Promise<void> {
    await writeWhole(place, async (beside) => {
      await pipeline(
        file.createReadStream({ start: 0, autoClose: false }),
        createWriteStream(beside, { flags: 'wx', mode: 0o444, flush: true }),
      );
    });
    await rm(path, { force: true });
  }

  /** In 256 folders: some file systems are slow with many files in one. */
  #path(sha256: string): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new SnpError('invalid-argument', 'Files are named by their SHA-256.');
    return join(this.folder, sha256.slice(0, 2), sha256);
  }
}

function looksOf({ ino, size, mtimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs}`;
}

import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FolderLock } from './folderLock.js';

const LOCK = 'lock';

/** One without a lock is being made now, or its maker was killed at that very moment. */
const BIRTH_MS = 60_000;

/** A folder for the work of this process alone; what processes left behind that ended is removed. */
export class WorkFolder {
  private constructor(
    readonly path: string,
    private readonly lock: FolderLock,
  ) {}

  static async make(parent: string): Promise<WorkFolder> {
    await mkdir(parent, { recursive: true, mode: 0o700 });
    for (const name of await readdir(parent)) await removeAbandoned(join(parent, name));
    const path = await mkdtemp(join(parent, 'work-'));
    return new WorkFolder(path, await FolderLock.take(join(path, LOCK)));
  }

  async remove(): Promise<void> {
    await this.lock.release();
    await rm(this.path, { recursive: true, force: true });
  }
}

async function removeAbandoned(path: string): Promise<void> {
  const made = await stat(join(path, LOCK)).catch(() => undefined);
  if (made) {
    const lock = await FolderLock.try(join(path, LOCK));
    if (!lock) return;
    await lock.release();
  } else if (Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? 0) < BIRTH_MS) return;
  await rm(path, { recursive: true, force: true });
}

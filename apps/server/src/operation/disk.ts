import { statfs } from 'node:fs/promises';
import { Failure } from '../failure.js';

/** What systems and PostgreSQL say where a disk is full. */
const FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT', '53100'];

/** What whoever brings something is told, and can do. */
const ADVICE = 'Nothing was changed. Delete models or data sets that nobody needs, or make room on the disk.';

/** Whether something failed because a disk is full. */
export function isDiskFull(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause)
    if (FULL.includes((at as { code?: unknown }).code)) return true;
  return false;
}

/** What a request is answered that found no room. */
export function diskFull(): Failure {
  return new Failure('quota', `The disk of the server is full. ${ADVICE}`);
}

/** The disks that a server writes to. */
export class Disk {
  constructor(
    /** By what lies there. */
    private readonly folders: Readonly<Record<string, string>>,
    /** Kept free for the database, so that it always goes on: also what makes room is written there. */
    private readonly reserveBytes: number,
  ) {}

  /** Bytes that are free, by what lies on the disk. */
  async free(): Promise<Record<string, number>> {
    const sizes = Object.entries(this.folders).map(async ([name, folder]) => {
      const { bavail, bsize } = await statfs(folder);
      return [name, bavail * bsize] as const;
    });
    return Object.fromEntries(await Promise.all(sizes));
  }

  /** Bytes that may still be written. */
  async room(): Promise<number> {
    return Math.min(...Object.values(await this.free())) - this.reserveBytes;
  }

  /** @throws Failure `quota` if there is less than these bytes to be had. */
  async require(bytes = 0): Promise<void> {
    const room = await this.room();
    if (room < bytes)
      throw new Failure(
        'quota',
        `The disk of the server has room for ${Math.max(0, room)} more bytes (${this.reserveBytes} are kept free). ${ADVICE}`,
      );
  }
}

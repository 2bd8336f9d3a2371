import { readFileSync, readlinkSync } from 'node:fs';
import { constants, type FileHandle, open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { SnpError } from '@snp/onnx';
import { tryLock } from 'fs-native-extensions';

/** Milliseconds between two attempts. */
const PAUSE = 100;

/** A process, as others can tell it: its number alone means nothing in another container or on another machine. */
interface Holder {
  pid: string;
  /** When it began, where the system tells: numbers come again. */
  began: string;
  host: string;
  boot: string;
  /** Of process numbers. */
  namespace: string;
  since: string;
}

/**
 * A lock that the kernel keeps for as long as this process lives: it holds across containers, and across machines where the file system
 * hands locks on, as NFS does. The file says who has it.
 */
export class FolderLock {
  private constructor(
    private readonly file: FileHandle,
    /** Whether whoever had it before ended without letting go, and the machine was started anew since. */
    readonly isAfterCrash: boolean,
  ) {}

  /** @throws SnpError `io` if another has it for longer than so many milliseconds, or the file system knows no locks. */
  static async take(path: string, patience = 0): Promise<FolderLock> {
    for (let waited = 0; ; waited += PAUSE) {
      const attempt = await FolderLock.#attempt(path);
      if (attempt instanceof FolderLock) return attempt;
      if (waited >= patience)
        throw new SnpError('io', `${path} is in use by ${describe(attempt)}. One process at a time can use it.`, {
          file: path,
        });
      await setTimeout(PAUSE);
    }
  }

  /** The lock, or undefined where another has it. */
  static async try(path: string): Promise<FolderLock | undefined> {
    const attempt = await FolderLock.#attempt(path);
    return attempt instanceof FolderLock ? attempt : undefined;
  }

  static async #attempt(path: string): Promise<FolderLock | Partial<Holder>> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600).catch((cause) => {
      throw new SnpError('io', `${path} cannot be used as a lock: ${cause.message}.`, { file: path }, { cause });
    });
    try {
      const isFree = lockOf(file.fd, path);
      const before = parse(await file.readFile('utf8'));
      if (!isFree || isOlderRelease(before)) {
        await file.close();
        return before;
      }
      const self = describeSelf();
      await file.truncate(0);
      await file.write(Object.values(self).join(' '), 0);
      return new FolderLock(file, before.boot !== undefined && before.boot !== self.boot);
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
  }

  /** The file stays: removed, it could be another's already. */
  async release(): Promise<void> {
    await this.file.truncate(0);
    await this.file.close();
  }
}

function lockOf(descriptor: number, path: string): boolean {
  try {
    return tryLock(descriptor);
  } catch (cause) {
    throw new SnpError(
      'io',
      `${path} cannot be locked: ${(cause as Error).message}. Choose a folder on a file system that knows locks.`,
      { file: path },
      { cause },
    );
  }
}

function describeSelf(): Holder {
  return {
    pid: String(process.pid),
    began: startOf(process.pid) || '-',
    host: hostname().replaceAll(' ', '_'),
    boot: read('/proc/sys/kernel/random/boot_id').trim() || '-',
    namespace: link('/proc/self/ns/pid') || '-',
    since: new Date().toISOString(),
  };
}

function parse(text: string): Partial<Holder> {
  const [pid, began, host, boot, namespace, since] = text.split(' ');
  return { pid, began, host, boot, namespace, since };
}

function describe({ pid, host, namespace, since }: Partial<Holder>): string {
  if (!pid) return 'another process';
  if (host === undefined) return `process ${pid}`;
  const self = describeSelf();
  const where = host === self.host && namespace !== self.namespace ? `another container of ${host}` : host;
  return `process ${pid} of ${where} since ${since}`;
}

/** Release 0.1.0 wrote number and beginning, and locked nothing. */
function isOlderRelease({ pid, began, host }: Partial<Holder>): boolean {
  return (
    !!pid && host === undefined && Number(pid) !== process.pid && isAlive(Number(pid)) && startOf(Number(pid)) === began
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process began, in the system's own count. */
function startOf(pid: number): string {
  return read(`/proc/${pid}/stat`).split(') ')[1]?.split(' ')[19] ?? '';
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path).replaceAll(' ', '');
  } catch {
    return '';
  }
}

import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { SnpError } from '../errors.js';
import { reason } from './reason.js';

/**
 * Makes a folder, and those that it lies in, where they are not there yet. (What Node does by itself never comes to an end where the
 * system denies a folder that it does not have, as in `/proc`.)
 *
 * @returns The first one that was made; none where all were there.
 * @throws SnpError `io` if it cannot be made.
 */
export async function makeFolders(path: string, mode?: number): Promise<string | undefined> {
  return make(resolve(path), mode).catch((cause) => {
    throw new SnpError(
      'io',
      `The folder ${path} cannot be used: ${reason(cause)}. Choose a folder that can be made and written to.`,
      { file: path },
      { cause },
    );
  });
}

async function make(path: string, mode: number | undefined): Promise<string | undefined> {
  try {
    await mkdir(path, { mode });
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await isFolder(path))) return undefined;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path || (await isFolder(parent))) throw error;
    const first = await make(parent, mode);
    return (await make(path, mode)) && (first ?? path);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (there) => there.isDirectory(),
    () => false,
  );
}

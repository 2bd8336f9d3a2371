import { chmod, lstat, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { SnpError } from '../errors.js';
import { makeFolders } from './makeFolders.js';

/** Mode bits. */
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;
const NOT_OWNER = 0o077;

/**
 * Makes a folder that this user alone can enter, or sees that one that is there is. One that others can read is closed to them; true then.
 *
 * @throws SnpError `io` if it cannot be made, if others own it or can write to it, or if others could put another in its place.
 */
export async function privateFolder(path: string): Promise<boolean> {
  const refuse = (why: string): never => {
    throw new SnpError('io', `The folder ${path} cannot be used: ${why}. Choose a folder of your own.`, { file: path });
  };
  await makeFolders(path, 0o700);
  const made = await stat(path);
  const own = process.getuid?.();
  // Windows has no such modes; folders of a user are the user's there.
  if (own === undefined) return false;
  for (const way of new Set([resolve(path), await realpath(path)])) {
    const stranger = await replaceableBy(way, own);
    if (stranger !== undefined) refuse(`others can replace ${stranger}`);
  }
  if (made.uid !== own) refuse(`it belongs to user ${made.uid}, not to user ${own}`);
  if (made.mode & OTHERS_WRITE) refuse('everybody can write to it, so that what lies in it may be of anybody');
  if ((made.mode & NOT_OWNER) === 0) return false;
  await chmod(path, made.mode & 0o700);
  return true;
}

/** A part of a path that other users can exchange: in a folder that everybody may write to only what is one's own, or root's, stays as it is. */
async function replaceableBy(path: string, own: number): Promise<string | undefined> {
  const folders = [path];
  while (dirname(folders[0]) !== folders[0]) folders.unshift(dirname(folders[0]));
  let isPublic = false;
  for (const folder of folders) {
    const entry = await lstat(folder);
    if (isPublic && entry.uid !== own && entry.uid !== 0) return folder;
    if (entry.isSymbolicLink() || !(entry.mode & OTHERS_WRITE)) continue;
    if (folder !== path && !(entry.mode & STICKY)) return folder;
    isPublic = true;
  }
  return undefined;
}

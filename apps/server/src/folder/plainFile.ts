import { constants, type FileHandle, lstat, open, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { SnpError } from '@snp/onnx';

/** Opens a file that others named: a plain file, not what a link leads to, nor a pipe that never ends. Looked at once it is open, it is the one that is read. */
export async function openPlain(path: string): Promise<FileHandle> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new SnpError('invalid-argument', `${path} is not taken: ${why}.`, { file: path }, { cause });
  };
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (cause: NodeJS.ErrnoException) => refuse(cause.code === 'ELOOP' ? 'it is a link' : cause.message, cause),
  );
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return refuse('it is no plain file');
}

/** The path of a file in a folder. Names were checked where they came in; this is the second lock: no part of the path leads out, by `..` or by a link. */
export async function within(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  const refuse = (): never => {
    throw new SnpError('invalid-argument', `The path ${name} leads out of its folder.`);
  };
  if (isOutside(folder, path)) return refuse();
  const real = await realFolder(dirname(path));
  if (isOutside(await realpath(folder), join(real, 'file'))) return refuse();
  return path;
}

/** Where a folder really is, as far as it is there. */
async function realFolder(path: string): Promise<string> {
  return realpath(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return join(await realFolder(dirname(path)), basename(path));
  });
}

function isOutside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || way.split(/[/\\]/)[0] === '..';
}

/** Whether a path still leads to the file that is open. */
export async function isAt(file: FileHandle, path: string): Promise<boolean> {
  const [open, there] = [await file.stat(), await lstat(path)];
  return open.ino === there.ino && open.dev === there.dev;
}

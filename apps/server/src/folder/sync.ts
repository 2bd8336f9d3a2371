import { type FileHandle, mkdir, open, readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** Syncs at once: the file system puts those together that come at the same time. */
const AT_ONCE = 16;

/** Makes a folder and its parents, with their names durable. */
export async function makeFolderDurable(path: string, mode = 0o700): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode });
  if (first === undefined) return;
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    await syncPath(dirname(folder));
    if (folder === resolve(first)) return;
  }
}

/** Makes all files and folders in a folder durable. */
export async function syncTree(path: string): Promise<void> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const paths = [
    path,
    ...entries
      .filter((entry) => entry.isFile() || entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name)),
  ];
  const rest = paths.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const one of rest) await syncPath(one);
    }),
  );
}

/** Makes a file durable, or what a folder lists: names that are new in it, or gone. */
export async function syncPath(path: string): Promise<void> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    await file.sync();
  } catch (error) {
    // Windows opens no folders; its file system keeps names by itself.
    if (process.platform !== 'win32') throw error;
  } finally {
    await file?.close();
  }
}

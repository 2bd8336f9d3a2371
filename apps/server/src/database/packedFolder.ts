import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { gunzipSync, gzipSync } from 'node:zlib';
import { makeFolderDurable, syncPath, syncTree } from '../folder/sync.js';

/** Files by path; folders have no content. */
type Entries = [path: string, content: Uint8Array | undefined][];

/** A folder as one file. */
export function packFolder(folder: string): Uint8Array {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return [relative(folder, path), entry.isDirectory() ? undefined : new Uint8Array(readFileSync(path))];
  }) as Entries;
  return gzipSync(serialize(entries));
}

/** Unpacks a folder, which is there durably and completely or not at all. Does nothing where there is one. */
export async function unpackFolder(packed: URL, folder: string): Promise<void> {
  if (existsSync(folder)) return;
  const beside = `${folder}.new`;
  await rm(beside, { recursive: true, force: true });
  mkdirSync(beside, { recursive: true, mode: 0o700 });
  for (const [path, content] of deserialize(gunzipSync(readFileSync(packed))) as Entries) {
    if (content) writeFileSync(join(beside, path), content, { mode: 0o600 });
    else mkdirSync(join(beside, path), { recursive: true, mode: 0o700 });
  }
  await syncTree(beside);
  await makeFolderDurable(dirname(folder));
  await rename(beside, folder);
  await syncPath(dirname(folder));
}

import { Zip, ZipPassThrough } from 'fflate';

/** A file with its place in a folder. */
export interface Placed {
  path: string;
  file: File;
}

/**
 * Packs files into one archive, without compressing what pictures are compressed already: thousands of files become one upload that can go
 * on where it broke off. Files are read one after the other; the browser keeps what is packed where it keeps large files.
 */
export async function pack(name: string, files: readonly Placed[], onFile: (done: number) => void): Promise<File> {
  const parts: Blob[] = [];
  let failure: Error | undefined;
  const zip = new Zip((error, chunk) => {
    if (error) failure = error;
    else parts.push(new Blob([chunk as Uint8Array<ArrayBuffer>]));
  });
  for (const [at, { path, file }] of files.entries()) {
    const entry = new ZipPassThrough(path);
    // The same files give the same archive, whenever they are packed.
    entry.mtime = '1980-01-02';
    zip.add(entry);
    entry.push(new Uint8Array(await file.arrayBuffer()), true);
    onFile(at + 1);
  }
  zip.end();
  if (failure) throw failure;
  const last = Math.max(...files.map(({ file }) => file.lastModified));
  return new File(parts, `${name}.zip`, { type: 'application/zip', lastModified: last });
}

/** Files of a drop, with those in dropped folders. */
export async function droppedFiles(transfer: DataTransfer): Promise<Placed[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  return (await Promise.all(entries.map(filesOf))).flat();
}

/** Files that were chosen, with their places where a folder was chosen. */
export function chosenFiles(list: FileList): Placed[] {
  return [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

async function filesOf(entry: FileSystemEntry): Promise<Placed[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ''), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Placed[] = [];
  // A reader gives a hundred entries at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return found;
    for (const one of some) found.push(...(await filesOf(one)));
  }
}

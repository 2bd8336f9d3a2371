import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';

const PIECE = 2 ** 18;

/** The SHA-256 of a file, read in pieces. @param pace Awaited after each, with its bytes. */
export async function hashOf(file: FileHandle | string, pace?: (bytes: number) => Promise<void>): Promise<string> {
  if (typeof file !== 'string') return hashOpen(file, pace);
  const opened = await open(file);
  try {
    return await hashOpen(opened, pace);
  } finally {
    await opened.close();
  }
}

async function hashOpen(file: FileHandle, pace?: (bytes: number) => Promise<void>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of file.createReadStream({ start: 0, autoClose: false, highWaterMark: PIECE })) {
    hash.update(chunk as Uint8Array);
    await pace?.((chunk as Uint8Array).length);
  }
  return hash.digest('hex');
}

import { SnpError } from '../errors.js';
import { reason } from './reason.js';
import { WholeFile } from './wholeFile.js';

/** Writes a whole file or nothing. */
export async function writeFileWhole(
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  await writeFilesWhole([path], ([file]) => writeChunks(file, chunks, signal), { signal });
}

/** Writes a text as a whole file, in UTF-8, or nothing. */
export function writeTextWhole(path: string, text: string): Promise<void> {
  return writeFileWhole(path, [new TextEncoder().encode(text)]);
}

/**
 * Writes files that belong together: all of them take their places, or none does and nothing is left behind.
 *
 * @param write Fills the opened files. One that it discards is not written.
 * @param options.durable Whether they are on the disk, not in memory alone, before they take their places. Default true.
 * @throws SnpError `io` if a path cannot be written, `aborted` if the signal fired; others from `write` as they are.
 */
export async function writeFilesWhole(
  paths: readonly string[],
  write: (files: WholeFile[]) => Promise<void>,
  { signal, durable = true }: { signal?: AbortSignal | undefined; durable?: boolean | undefined } = {},
): Promise<void> {
  const files: WholeFile[] = [];
  try {
    for (const path of paths) files.push(await WholeFile.open(path));
    await write(files);
    signal?.throwIfAborted();
    await WholeFile.commitAll(files, { durable });
  } catch (cause) {
    for (const file of files) await file.discard();
    const file = paths[paths.length - 1];
    const unchanged = 'What was there before is unchanged.';
    if (cause instanceof SnpError) throw cause;
    if (signal?.aborted)
      throw new SnpError('aborted', `Writing ${file} was stopped. ${unchanged}`, { file }, { cause });
    throw new SnpError('io', `${file} could not be written: ${reason(cause)}. ${unchanged}`, { file }, { cause });
  }
}

/** Chunks are written together until they are so many bytes: a call for each takes longer than what it writes. */
const AT_ONCE = 2 ** 22;

/** Writes chunks, and looks in between whether to stop. */
export async function writeChunks(
  file: WholeFile,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  let gathered: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    gathered.push(chunk);
    bytes += chunk.length;
    if (bytes < AT_ONCE) continue;
    await file.write(...gathered);
    [gathered, bytes] = [[], 0];
  }
  await file.write(...gathered);
}

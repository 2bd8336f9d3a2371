import { open } from 'node:fs/promises';
import { SnpError } from '../errors.js';
import { reason } from './reason.js';

/** A file that is read in parts. */
export interface OpenFile {
  /** Bytes, when it was opened. */
  readonly size: number;
  /** The bytes from `start` on: `length` of them, or fewer where the file ends. */
  read(start: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/**
 * Opens a file to read parts of it. Close it when done.
 *
 * @throws SnpError `io` if it does not exist, cannot be read, or is no file.
 * @example
 * const file = await openFile('vit.onnx.data');
 * const header = await file.read(0, 8);
 * await file.close();
 */
export async function openFile(path: string): Promise<OpenFile> {
  const handle = await open(path, 'r').catch((cause) => {
    throw new SnpError('io', `${path} cannot be read: ${reason(cause)}.`, { file: path }, { cause });
  });
  const stats = await handle.stat();
  if (!stats.isFile()) {
    await handle.close();
    throw new SnpError('io', `${path} is not a file.`, { file: path });
  }
  return {
    size: stats.size,
    async read(start, length) {
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await handle.read(bytes, done, Math.min(length - done, 1 << 30), start + done);
        if (bytesRead === 0) return bytes.subarray(0, done);
        done += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}

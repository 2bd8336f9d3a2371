import { open } from 'node:fs/promises';
import { decodeModel } from '../codec/model.js';
import { SnpError } from '../errors.js';
import type { Model } from '../ir/model.js';
import { externalFiles } from './externalFiles.js';
import { reason } from './reason.js';

/** Options of `readModel`. */
export interface ReadModelOptions {
  /** Follow links from external data files out of the model's folder, as download caches need. Default false. */
  followLinks?: boolean;
  /** Largest model file to take into memory, in bytes (external data not counted). Default 2 GiB, protobuf's own limit. */
  maxBytes?: number;
}

/** Defaults of `readModel`. */
export const READ_MODEL_DEFAULTS = { followLinks: false, maxBytes: 2 ** 31 } as const;

/**
 * Reads an ONNX file. The file's bytes are held once; tensors are views into them, and external tensors are fetched when
 * they are asked for.
 *
 * @throws SnpError `io` if the file cannot be read, `limit` if it is too large, `invalid-file` if it is no ONNX model.
 * @example
 * const model = await readModel('deit_tiny.onnx');
 */
export async function readModel(path: string, options: ReadModelOptions = {}): Promise<Model> {
  const bytes = await readWhole(path, options.maxBytes ?? READ_MODEL_DEFAULTS.maxBytes);
  try {
    return decodeModel(bytes, { externalData: externalFiles(path, options.followLinks ?? false) });
  } catch (error) {
    if (!(error instanceof SnpError)) throw error;
    throw new SnpError(error.code, `${path}: ${error.message}`, { file: path, ...error.place }, { cause: error });
  }
}

async function readWhole(path: string, maxBytes: number): Promise<Uint8Array> {
  const handle = await open(path, 'r').catch((cause) => {
    throw new SnpError('io', `${path} cannot be read: ${reason(cause)}.`, { file: path }, { cause });
  });
  try {
    const stats = await handle.stat();
    if (!stats.isFile())
      throw new SnpError('io', `${path} is not a file. Give the path of an .onnx file.`, { file: path });
    if (stats.size > maxBytes) {
      throw new SnpError(
        'limit',
        `${path} has ${stats.size} bytes, more than the limit of ${maxBytes}. Models of that size keep their weights in external data.`,
        { file: path },
      );
    }
    const bytes = new Uint8Array(stats.size);
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, done, Math.min(bytes.length - done, 1 << 30), done);
      if (bytesRead === 0) return bytes.subarray(0, done);
      done += bytesRead;
    }
    return bytes;
  } finally {
    await handle.close();
  }
}

import { decodeModel } from '../codec/model.js';
import { SnpError } from '../errors.js';
import type { Model } from '../ir/model.js';
import { externalFiles } from './externalFiles.js';
import { openFile } from './openFile.js';
import { READ_MODEL_DEFAULTS, type ReadModelOptions } from './readModelOptions.js';

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
  const file = await openFile(path);
  try {
    if (file.size > maxBytes) {
      throw new SnpError(
        'limit',
        `${path} has ${file.size} bytes, more than the limit of ${maxBytes}. Models of that size keep their weights in external data.`,
        { file: path },
      );
    }
    return await file.read(0, file.size);
  } finally {
    await file.close();
  }
}

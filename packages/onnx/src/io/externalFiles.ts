import { closeSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { ExternalDataSource, ExternalLocation } from '../codec/externalData.js';
import { SnpError } from '../errors.js';

/**
 * Fetches external tensors from files beside a model. Only regular files inside the model's folder are opened: absolute
 * paths, `..` and links that lead out of the folder are refused, since a model from elsewhere could otherwise make the
 * tool read any file.
 *
 * @param followLinks Follow links that lead out, for download caches that link on purpose. Default false.
 */
export function externalFiles(modelPath: string, followLinks = false): ExternalDataSource {
  const folder = realpathSync(dirname(resolve(modelPath)));
  return (location, byteLength) => {
    const path = resolveInside(folder, location, followLinks);
    return readRange(path, location, byteLength);
  };
}

function resolveInside(folder: string, location: ExternalLocation, followLinks: boolean): string {
  const refuse = (why: string): never => {
    throw new SnpError(
      'external-data',
      `Tensor '${location.tensor}' asks for the file '${location.path}', ${why}. Put the data file into the model's folder and keep the name.`,
      {
        value: location.tensor,
      },
    );
  };
  if (location.path === '') refuse('which has no name');
  if (isAbsolute(location.path) || location.path.includes('\0'))
    refuse('which is not a path within the model’s folder');
  const path = join(folder, location.path);
  if (isOutside(folder, path)) refuse('which lies outside of the model’s folder');
  let real: string;
  try {
    real = realpathSync(path);
  } catch (cause) {
    throw new SnpError(
      'external-data',
      `The data file '${location.path}' of tensor '${location.tensor}' is missing: ${path} cannot be found. Copy it beside the model.`,
      { file: path, value: location.tensor },
      { cause },
    );
  }
  if (!followLinks && isOutside(folder, real)) refuse('a link that leads out of the model’s folder');
  return real;
}

function isOutside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
}

function readRange(path: string, location: ExternalLocation, byteLength: number): Uint8Array {
  const place = { file: path, value: location.tensor };
  const descriptor = openSync(path, 'r');
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile())
      throw new SnpError(
        'external-data',
        `The data file '${location.path}' of tensor '${location.tensor}' is not a regular file.`,
        place,
      );
    const { offset } = location;
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + byteLength > stats.size) {
      throw new SnpError(
        'external-data',
        `Tensor '${location.tensor}' needs bytes ${offset} to ${offset + byteLength} of '${location.path}', which has ${stats.size}. The data file is truncated or belongs to another model.`,
        place,
      );
    }
    const bytes = new Uint8Array(byteLength);
    for (let done = 0; done < byteLength; ) {
      const count = readSync(descriptor, bytes, done, Math.min(byteLength - done, 1 << 30), offset + done);
      if (count === 0) throw new SnpError('external-data', `'${location.path}' shrank while it was read.`, place);
      done += count;
    }
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}

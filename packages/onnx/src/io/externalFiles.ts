import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, type Stats } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { ExternalDataSource, ExternalLocation } from '../codec/externalData.js';
import { SnpError } from '../errors.js';
import { reason } from './reason.js';

/**
 * Fetches external tensors from files beside a model. Only regular files inside the model's folder are opened: absolute
 * paths, `..` and links that lead out of the folder are refused, since a model from elsewhere could otherwise make the
 * tool read any file. A file that changed since it was first read from is refused too.
 *
 * @param followLinks Follow links that lead out, for download caches that link on purpose. Default false.
 */
export function externalFiles(modelPath: string, followLinks = false): ExternalDataSource {
  const folder = realpathSync(dirname(resolve(modelPath)));
  const versions = new Map<string, string>();
  return (location, byteLength) => {
    const path = resolveInside(folder, location, followLinks);
    return readRange(path, location, byteLength, (stats) => {
      const version = [stats.dev, stats.ino, stats.size, stats.mtimeMs].join();
      if ((versions.get(path) ?? version) !== version) throw changed(location, path);
      versions.set(path, version);
    });
  };
}

/** Where a tensor's data file lies; an error if that is outside of the model's folder. */
export function resolveInside(folder: string, location: ExternalLocation, followLinks: boolean): string {
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

function changed(location: ExternalLocation, path: string): SnpError {
  return new SnpError(
    'external-data',
    `The data file '${location.path}' changed since the model was read. Read the model again before its weights are used.`,
    { file: path, value: location.tensor },
  );
}

function readRange(
  path: string,
  location: ExternalLocation,
  byteLength: number,
  check: (stats: Stats) => void,
): Uint8Array {
  const file = `The data file '${location.path}' of tensor '${location.tensor}'`;
  const refuse = (what: string, cause?: unknown): never => {
    throw new SnpError('external-data', what, { file: path, value: location.tensor }, { cause });
  };
  const descriptor = openForReading(path, (why, cause) => refuse(`${file} cannot be read: ${why}.`, cause));
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) refuse(`${file} is not a regular file. Put the data file itself in its place.`);
    check(stats);
    const { offset } = location;
    const end = offset + byteLength;
    if (!Number.isSafeInteger(offset) || offset < 0)
      refuse(`${file} is to be read from byte ${offset}, which is no place in a file. The model file is damaged.`);
    if (end > stats.size)
      refuse(
        `Tensor '${location.tensor}' needs bytes ${offset} to ${end} of '${location.path}', which has ${stats.size}. The data file is truncated or belongs to another model.`,
      );
    return readFully(descriptor, offset, byteLength) ?? refuse(`${file} shrank while it was read. Try again.`);
  } finally {
    closeSync(descriptor);
  }
}

/** Bytes of a file, or undefined where it ends too early. */
function readFully(descriptor: number, offset: number, byteLength: number): Uint8Array | undefined {
  const bytes = new Uint8Array(byteLength);
  for (let done = 0; done < byteLength; ) {
    const count = readSync(descriptor, bytes, done, Math.min(byteLength - done, 1 << 30), offset + done);
    if (count === 0) return undefined;
    done += count;
  }
  return bytes;
}

/** Does not wait where the path is a pipe that nobody writes into. */
function openForReading(path: string, refuse: (why: string, cause: unknown) => never): number {
  try {
    return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    return refuse(reason(cause), cause);
  }
}

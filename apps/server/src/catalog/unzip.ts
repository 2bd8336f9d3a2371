import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';
import { location } from '../api/common.js';
import { Failure } from '../failure.js';
import { diskFull, isDiskFull } from '../operation/disk.js';

/** A file that came out of an archive. */
export interface Unpacked {
  /** Its name in the archive. */
  path: string;
  /** Where it lies now. */
  file: string;
}

/** What an archive may hold. */
export interface UnzipLimits {
  files: number;
  bytes: number;
  /** Whether it is the disk that has no room for more bytes. */
  isDisk: boolean;
  /** Fires when nobody waits for it any more. */
  signal: AbortSignal;
}

/** Entries that systems add for themselves. */
const CLUTTER = /(^|\/)(__MACOSX\/|\.[^/]*$|Thumbs\.db$)/;

/**
 * Unpacks an archive into numbered files: names are only noted, never used as paths. Names that lead out of the folder, links, encrypted
 * entries, and entries that grow beyond the limits (whatever sizes they state) are refused.
 */
export async function* unzip(archive: string, folder: string, limits: UnzipLimits): AsyncGenerator<Unpacked> {
  const refuse = (why: string): never => {
    throw new Failure('invalid-argument', `The archive cannot be used: ${why}.`);
  };
  const zip = await openPromise(archive, { lazyEntries: true, autoClose: false }).catch((error: Error) =>
    refuse(error.message),
  );
  let [count, bytes] = [0, 0];
  try {
    if (zip.entryCount > limits.files) refuse(`it has ${zip.entryCount} entries, more than ${limits.files}`);
    for await (const entry of zip.eachEntry()) {
      if (limits.signal.aborted) throw gone();
      const name = entry.fileName;
      if (name.endsWith('/') || CLUTTER.test(name)) continue;
      if (!location.safeParse(name).success) refuse(`an entry is named ${JSON.stringify(name.slice(0, 200))}`);
      // Upper half: Unix file modes, of which only regular files are wanted; zero where the archiver knew none.
      const kind = (entry.externalFileAttributes >>> 16) & 0o170000;
      if (kind !== 0 && kind !== 0o100000) refuse(`${name} is a link or a device`);
      const counted = new Transform({
        transform(chunk: Uint8Array, _encoding, done) {
          bytes += chunk.length;
          if (bytes > limits.bytes && limits.isDisk) done(diskFull());
          else if (bytes > limits.bytes)
            done(new Failure('quota', `The archive unpacks to more than the ${limits.bytes} bytes that are allowed.`));
          else done(null, chunk);
        },
      });
      const file = join(folder, String(count++));
      await pipeline(await zip.openReadStreamPromise(entry), counted, createWriteStream(file), {
        signal: limits.signal,
      });
      yield { path: name, file };
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (limits.signal.aborted) throw gone();
    if (isDiskFull(error)) throw diskFull();
    refuse((error as Error).message);
  } finally {
    zip.close();
  }
}

function gone(): Failure {
  return new Failure('unavailable', 'Whoever asked for the archive to be unpacked is gone.');
}

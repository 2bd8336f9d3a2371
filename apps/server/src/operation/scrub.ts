import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Services } from '../services.js';
import { type CheckedFile, checkFiles } from './checkFiles.js';

/** Slow enough that nobody notices: a terabyte takes four days. */
const BYTES_PER_SECOND = 4 * 2 ** 20;

/** Milliseconds between two rounds. */
const PAUSE = 24 * 3600_000;

/** Reads all files of the store again and again, until the signal fires: disks lose bits in silence. */
export async function scrub(services: Services, signal: AbortSignal): Promise<void> {
  const { database, blobs, settings, metrics, log } = services;
  // An S3-compatible store does so by itself, and reading costs.
  if (settings.s3) return;
  const pace = async (bytes: number) => {
    await setTimeout((1000 * bytes) / BYTES_PER_SECOND, undefined, { signal, ref: false });
  };
  const tell = ({ sha256, state, neededBy }: CheckedFile) =>
    log.error({ sha256, state, neededBy }, 'a file of the artefact store is not as it was');
  // Begun anywhere: a server that is often started anew comes to all of them too.
  let after = randomBytes(32).toString('hex');
  while (!signal.aborted) {
    try {
      let bad = 0;
      for await (const file of checkFiles(database, blobs.store, { after, pace })) {
        if (file.state === 'whole') continue;
        bad++;
        tell(file);
      }
      metrics.damaged(bad);
      after = '';
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'looking through the files failed; it is tried again tomorrow');
    }
    await setTimeout(after === '' ? PAUSE : 1000, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

import { mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Lends a folder of its own, which is gone afterwards, also when the program exits in the middle, as on Ctrl-C. */
export async function withTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  // Nothing may come in between the folder and what removes it.
  const folder = mkdtempSync(join(tmpdir(), 'snp-'));
  // What other threads still write as the program exits may come in between as well.
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.once('exit', remove);
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
    process.off('exit', remove);
  }
}

import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Writes a file under a name of its own, beside its place, and puts it there once it is complete: nobody ever finds a part of it. */
export async function writeWhole(path: string, write: (beside: string) => Promise<unknown>): Promise<void> {
  const beside = join(dirname(path), `${randomUUID()}.tmp`);
  try {
    await write(beside);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

import { access, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { SnpError } from '@snp/core';
import { type Checkpoint, loadCheckpoint } from '@snp/tune';

/** Where the state of a training is kept until its result is written. */
export const checkpointOf = (output: string): string => `${output}.checkpoint`;

/**
 * The checkpoint to go on from; undefined: begin anew.
 *
 * @param resume As it was given: `--resume`, `--no-resume` or neither.
 * @throws SnpError `invalid-argument` if there is one and nobody said what to do with it.
 */
export async function checkpointToResume(path: string, resume: boolean | undefined): Promise<Checkpoint | undefined> {
  await removeLeftovers(path);
  if (resume === false || !(await exists(path))) return undefined;
  if (resume) return loadCheckpoint(path);
  throw new SnpError(
    'invalid-argument',
    `${path} is of a run that did not come to its end. Go on from there with --resume, or begin anew with --no-resume.`,
    { file: path },
  );
}

/** What kills left of checkpoints that were being written. */
async function removeLeftovers(path: string): Promise<void> {
  const folder = dirname(resolve(path));
  const begins = `.${basename(path)}.`;
  const names = await readdir(folder).catch(() => []);
  for (const name of names)
    if (name.startsWith(begins) && name.endsWith('.tmp')) await rm(join(folder, name), { force: true });
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SnpError } from '@snp/onnx';
import { VERSION } from '../version.js';
import { syncPath } from './sync.js';

/** Which release wrote a folder of data. */
interface Release {
  release: string;
  /** The last of its migrations. */
  schema: string;
}

/** Data of a later release that this one cannot read. */
export function laterRelease(release: string, where: string): SnpError {
  return new SnpError(
    'io',
    `${where} was written by release ${release} of snp, whose tables release ${VERSION} does not know. Start release ${release} or a later one, or restore a backup that ${VERSION} made.`,
  );
}

/** @throws SnpError `io` if a later release wrote the folder, with tables that this one does not know. */
export async function requireReadable(folder: string, migrations: readonly string[]): Promise<void> {
  const text = await readFile(join(folder, 'release.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const { release, schema } = JSON.parse(text) as Release;
  if (!migrations.includes(schema)) throw laterRelease(release, folder);
}

/** Notes which release wrote the folder. */
export async function noteRelease(folder: string, migrations: readonly string[]): Promise<void> {
  const path = join(folder, 'release.json');
  const now: Release = { release: VERSION, schema: migrations.at(-1)! };
  await writeFile(`${path}.new`, `${JSON.stringify(now)}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
  await syncPath(folder);
}

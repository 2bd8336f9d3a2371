import { type Database, first } from '../database/database.js';
import type { ArtefactStore, FileState } from '../storage/artefactStore.js';
import type { Blob } from '../storage/blobs.js';

/** A file and how it was found. */
export interface CheckedFile extends Blob {
  state: FileState;
  /** What it belongs to: `model vit.onnx`, `job Prune vit.onnx as half`. */
  neededBy: string[];
}

const PAGE = 100;

const NEEDED_BY = `array(
  select coalesce('model ' || m.name, 'data set ' || d.name, 'job ' || j.title, replace(u.owner, ':', ' '))
  from snp.blob_uses u
  left join snp.models m on u.owner = 'model:' || m.id
  left join snp.datasets d on u.owner = 'dataset:' || d.id
  left join snp.jobs j on u.owner = 'job:' || j.id
  where u.sha256 = b.sha256 order by 1)`;

/** Reads every file that the database knows, by hash. @param after The hash before those that are looked at. */
export async function* checkFiles(
  database: Database,
  store: ArtefactStore,
  { after = '', pace }: { after?: string; pace?: (bytes: number) => Promise<void> } = {},
): AsyncGenerator<CheckedFile> {
  for (let last = after; ; ) {
    const files = await database.query<Blob & { neededBy: string[] }>(
      `select sha256, bytes::float8 as bytes, ${NEEDED_BY} as "neededBy" from snp.blobs b where sha256 > $1 order by sha256 limit ${PAGE}`,
      [last],
    );
    for (const file of files) {
      const state = await store.check(file.sha256, pace);
      // It may have been cleared away meanwhile.
      const isKnown =
        state === 'whole' || (await first(database, 'select 1 from snp.blobs where sha256 = $1', [file.sha256]));
      if (isKnown) yield { ...file, state };
    }
    const end = files.at(-1);
    if (!end) return;
    last = end.sha256;
  }
}

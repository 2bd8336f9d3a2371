import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from '@hono/zod-openapi';
import type { datasetSchema } from '../api/datasets.js';
import { type Database, first } from '../database/database.js';
import { Failure } from '../failure.js';
import type { Disk } from '../operation/disk.js';
import type { Blob, Blobs } from '../storage/blobs.js';
import { clashOf, foldersOf } from './layout.js';
import { unzip } from './unzip.js';

/** A data set as clients see it. */
export type Dataset = z.infer<typeof datasetSchema>;

/** A file of a data set. */
export interface DatasetFile extends Blob {
  path: string;
}

/** A data set as it is stored; its files are listed in a manifest. */
export interface DatasetRow {
  id: string;
  name: string;
  kind: Dataset['kind'];
  files: number;
  bytes: number;
  /** Of the manifest. */
  sha256: string;
  created: Date;
}

const PICTURE = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i;
const ARRAY = /\.np[yz]$/i;
const MOST_FILES = 50_000;
const MOST_FOLDERS = 10_000;

/** Unpacked files that are stored together. */
const AT_ONCE = 64;

/** Typical inputs that were uploaded. */
export class Datasets {
  constructor(
    private readonly database: Database,
    private readonly blobs: Blobs,
    private readonly disk: Disk,
    private readonly scratch: string,
  ) {}

  /**
   * Makes a data set of complete uploads; archives are unpacked, until the signal fires. The very same files under the same name are one
   * data set.
   */
  async add(
    name: string,
    uploads: readonly DatasetFile[],
    signal: AbortSignal,
  ): Promise<{ row: DatasetRow; fresh: boolean }> {
    const files = (await this.#unpacked(uploads, signal)).sort((a, b) => (a.path < b.path ? -1 : 1));
    const paths = files.map(({ path }) => path);
    const clash = clashOf(paths);
    if (clash)
      throw new Failure('invalid-argument', `'${clash}' stands there twice, or is a file and a folder at once.`);
    if (foldersOf(paths) > MOST_FOLDERS) throw new Failure('quota', `A data set has at most ${MOST_FOLDERS} folders.`);
    const kind = kindOf(files);
    const manifest = await this.#manifest(files);
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    return this.database.transaction(async (sql) => {
      const id = randomUUID();
      const row = await first<DatasetRow>(
        sql,
        `insert into snp.datasets (id, name, kind, files, bytes, sha256) values ($1, $2, $3, $4, $5, $6)
         on conflict (name, sha256) do nothing returning *`,
        [id, name, kind, files.length, bytes, manifest.sha256],
      );
      if (!row) {
        const known = await first<DatasetRow>(sql, 'select * from snp.datasets where name = $1 and sha256 = $2', [
          name,
          manifest.sha256,
        ]);
        return { row: known!, fresh: false };
      }
      await this.blobs.need(sql, `dataset:${id}`, [manifest.sha256, ...files.map(({ sha256 }) => sha256)]);
      return { row, fresh: true };
    });
  }

  /** @throws Failure `not-found` */
  async get(id: string): Promise<DatasetRow> {
    const row = await first<DatasetRow>(this.database, 'select * from snp.datasets where id = $1', [id]);
    return row ?? Failure.notFound('data set', id);
  }

  async remove(id: string): Promise<void> {
    await this.database.transaction(async (sql) => {
      const row = await first<DatasetRow>(sql, 'delete from snp.datasets where id = $1 returning *', [id]);
      if (!row) return Failure.notFound('data set', id);
      const busy = await first<{ title: string }>(
        sql,
        `select title from snp.jobs where work ->> 'dataset' = $1 and state in ('waiting', 'queued', 'running') limit 1`,
        [row.sha256],
      );
      if (busy) throw new Failure('conflict', `A job is using the data set: ${busy.title}. Cancel it first.`);
      await this.blobs.release(sql, `dataset:${id}`);
    });
  }

  async #unpacked(uploads: readonly DatasetFile[], signal: AbortSignal): Promise<DatasetFile[]> {
    const files: DatasetFile[] = [];
    for (const upload of uploads) {
      if (!/\.zip$/i.test(upload.path)) files.push(upload);
      else files.push(...(await this.#unzipped(upload, signal)));
      if (files.length > MOST_FILES) throw new Failure('quota', `A data set has at most ${MOST_FILES} files.`);
    }
    return files;
  }

  async #unzipped(archive: DatasetFile, signal: AbortSignal): Promise<DatasetFile[]> {
    const folder = await mkdtemp(join(this.scratch, 'unzip-'));
    try {
      const path = join(folder, 'archive.zip');
      await this.blobs.store.place(archive.sha256, path);
      await this.disk.require();
      const [quota, room] = [this.blobs.quotaBytes - (await this.blobs.usedBytes()), await this.disk.room()];
      const files: DatasetFile[] = [];
      const entries = unzip(path, folder, {
        files: MOST_FILES,
        bytes: Math.max(0, Math.min(quota, room)),
        isDisk: room < quota,
        signal,
      });
      for await (const batch of batches(entries, AT_ONCE)) {
        const blobs = await this.blobs.addAll(batch.map(({ file }) => file));
        files.push(...batch.map((entry, at) => ({ path: entry.path, ...blobs[at] })));
      }
      return withoutCommonFolder(files);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #manifest(files: readonly DatasetFile[]): Promise<Blob> {
    const path = join(this.scratch, `${randomUUID()}.json`);
    await writeFile(path, JSON.stringify(files.map(({ path: own, sha256, bytes }) => ({ path: own, sha256, bytes }))));
    return this.blobs.add(path);
  }
}

async function* batches<T>(items: AsyncIterable<T>, most: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < most) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** The folder that was archived is not a part of the data. */
function withoutCommonFolder(files: DatasetFile[]): DatasetFile[] {
  const [top] = files[0]?.path.split('/') ?? [];
  if (!files.every(({ path }) => path.startsWith(`${top}/`))) return files;
  return files.map((file) => ({ ...file, path: file.path.slice(top.length + 1) }));
}

function kindOf(files: readonly DatasetFile[]): Dataset['kind'] {
  const other = files.find(({ path }) => !PICTURE.test(path) && !ARRAY.test(path) && path !== 'labels.csv');
  if (other)
    throw new Failure(
      'invalid-argument',
      `'${other.path}' is neither a picture (jpg, png, webp, gif, tiff, avif) nor a .npy or .npz array.`,
    );
  const pictures = files.filter(({ path }) => PICTURE.test(path)).length;
  const arrays = files.filter(({ path }) => ARRAY.test(path)).length;
  if (pictures > 0 && arrays > 0) throw new Failure('invalid-argument', 'Give pictures or arrays, not both.');
  if (pictures + arrays === 0) throw new Failure('invalid-argument', 'There are no pictures and no arrays.');
  return pictures > 0 ? 'pictures' : 'arrays';
}

/** A data set as clients see it. */
export function presentDataset(row: DatasetRow): Dataset {
  return { ...row, bytes: Number(row.bytes), created: row.created.toISOString() };
}

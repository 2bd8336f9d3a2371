import type { FileHandle } from 'node:fs/promises';
import { SnpError } from '@snp/onnx';
import { type Database, first, type Sql } from '../database/database.js';
import { openPlain } from '../folder/plainFile.js';
import { VALID } from '../security/tokens.js';
import type { ArtefactStore } from './artefactStore.js';
import { hashOf } from './hashOf.js';

/** A file, by what it holds. */
export interface Blob {
  sha256: string;
  bytes: number;
}

/** Files that nobody needs stay for so long: someone may be about to. */
const GRACE = '1 hour';

/** Files of the artefact store and who needs them. */
export class Blobs {
  constructor(
    private readonly database: Database,
    readonly store: ArtefactStore,
    readonly quotaBytes: number,
  ) {}

  /** Takes a complete file over. It stays for an hour if nobody says that it is needed. */
  async add(path: string): Promise<Blob> {
    const [blob] = await this.addAll([path]);
    return blob;
  }

  /** Takes complete files over, few enough that all can be open. */
  async addAll(paths: readonly string[]): Promise<Blob[]> {
    const files: FileHandle[] = [];
    try {
      for (const path of paths) files.push(await openPlain(path));
      const blobs = await Promise.all(
        files.map(async (file) => ({ sha256: await hashOf(file), bytes: (await file.stat()).size })),
      );
      // First the word, then the file: clearing away leaves alone what is new.
      await this.#announce(blobs);
      await Promise.all(blobs.map(({ sha256 }, at) => this.store.take(sha256, paths[at], files[at])));
      return blobs;
    } finally {
      await Promise.all(files.map((file) => file.close()));
    }
  }

  /** Takes a file over whose content is known. */
  async addKnown(path: string, blob: Blob): Promise<void> {
    const file = await openPlain(path);
    try {
      await this.#announce([blob]);
      await this.store.take(blob.sha256, path, file);
    } finally {
      await file.close();
    }
  }

  /** One statement for all: each would be written to the disk by itself. */
  async #announce(blobs: readonly Blob[]): Promise<void> {
    const unique = [...new Map(blobs.map((blob) => [blob.sha256, blob])).values()];
    await this.database.query(
      `insert into snp.blobs (sha256, bytes) select * from unnest($1::text[], $2::bigint[])
       on conflict (sha256) do update set created = now()`,
      [unique.map(({ sha256 }) => sha256), unique.map(({ bytes }) => bytes)],
    );
  }

  async find(sha256: string): Promise<Blob | undefined> {
    return first<{ sha256: string; bytes: number }>(
      this.database,
      // Found means wanted: it must not be cleared away now.
      'update snp.blobs set created = now() where sha256 = $1 returning sha256, bytes',
      [sha256],
    );
  }

  /** Says who needs files. */
  async need(sql: Sql, owner: string, hashes: Iterable<string>): Promise<void> {
    await sql.query('insert into snp.blob_uses (owner, sha256) select $1, unnest($2::text[]) on conflict do nothing', [
      owner,
      [...new Set(hashes)],
    ]);
  }

  async release(sql: Sql, owner: string): Promise<void> {
    await sql.query('delete from snp.blob_uses where owner = $1', [owner]);
  }

  /**
   * What is stored, and what uploads that are on their way have announced: many small steps take no more than one large one. What a token
   * announced that is none any more does not count.
   */
  async usedBytes(): Promise<number> {
    const row = await first<{ bytes: number }>(
      this.database,
      `select ((select bytes from snp.stored) +
         (select coalesce(sum(length), 0) from snp.uploads u where sha256 is null
            and exists (select from snp.tokens t where t.id = u.token and ${VALID})))::bigint as bytes`,
    );
    return Number(row?.bytes ?? 0);
  }

  /** @throws SnpError `limit` if more is stored, or on its way, than may be. */
  async requireRoom(): Promise<void> {
    const used = await this.usedBytes();
    if (used > this.quotaBytes)
      throw new SnpError(
        'limit',
        `The server stores at most ${this.quotaBytes} bytes; with what is on its way there would be ${used}. Delete models or data sets.`,
      );
  }

  /** Removes what nobody needs any more; returns how many. */
  async sweep(): Promise<number> {
    const unused = await this.database.query<{ sha256: string }>(
      `select sha256 from snp.blobs b where created < now() - interval '${GRACE}' and not exists (select from snp.blob_uses u where u.sha256 = b.sha256) limit 1000`,
    );
    let removed = 0;
    for (const { sha256 } of unused) {
      await this.database.transaction(async (sql) => {
        const gone = await sql.query(
          `delete from snp.blobs b where sha256 = $1 and created < now() - interval '${GRACE}' and not exists (select from snp.blob_uses u where u.sha256 = b.sha256) returning 1`,
          [sha256],
        );
        if (gone.length === 0) return;
        await this.store.remove(sha256);
        removed++;
      });
    }
    return removed;
  }
}

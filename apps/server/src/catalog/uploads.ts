import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { z } from '@hono/zod-openapi';
import type { uploadSchema } from '../api/uploads.js';
import { type Database, first } from '../database/database.js';
import { Failure } from '../failure.js';
import { makeFolderDurable, syncPath } from '../folder/sync.js';
import { type Disk, diskFull, isDiskFull } from '../operation/disk.js';
import { VALID } from '../security/tokens.js';
import type { Blob, Blobs } from '../storage/blobs.js';
import { hashOf } from '../storage/hashOf.js';
import { UploadShare } from './uploadShare.js';

/** How much of an upload is there. */
export type Upload = z.infer<typeof uploadSchema>;

interface UploadRow {
  id: string;
  token: string;
  length: number;
  /** Once it is complete. */
  sha256: string | null;
}

/** What a request says of the file that it brings. */
export interface UploadPart {
  id: string;
  token: string;
  length: number;
  offset: number;
  sha256: string | undefined;
}

/** An upload that is slower than this, taken over a minute, keeps a connection for nothing. */
const LEAST_BYTES_PER_SECOND = 1024;

/** Uploads at once. */
const AT_ONCE = { token: 16, all: 64 } as const;

/** Files on their way in: streamed to disk, so that their size does not matter for memory. */
export class Uploads {
  /** Uploads that a request is at, by token. */
  readonly #active = new Map<string, string>();
  readonly #share: UploadShare;

  constructor(
    private readonly database: Database,
    private readonly blobs: Blobs,
    private readonly disk: Disk,
    private readonly folder: string,
    private readonly mostBytes: number,
    private readonly silenceSeconds: number,
  ) {
    this.#share = new UploadShare(blobs.quotaBytes, mostBytes);
  }

  /** @param isAfterCrash Whether the machine may have lost what was written last: what came of uploads then cannot be told from what did not. */
  async open(isAfterCrash: boolean): Promise<void> {
    if (isAfterCrash) await rm(this.folder, { recursive: true, force: true });
    await makeFolderDurable(this.folder);
  }

  /** Takes a file, or the rest of one. */
  async put(part: UploadPart, content: Readable): Promise<Upload> {
    const { id, token, length } = part;
    if (length > this.mostBytes)
      throw new Failure(
        'quota',
        `The file has ${length} bytes, more than the ${this.mostBytes} that are allowed.`,
        413,
      );
    const own = [...this.#active.values()].filter((other) => other === token).length;
    if (own >= AT_ONCE.token || this.#active.size >= AT_ONCE.all)
      throw new Failure('too-many-requests', 'Too many uploads at once. Send one after the other.', 429, {
        'retry-after': '1',
      });
    if (this.#active.has(id)) throw new Failure('conflict', `The upload ${id} is being sent already.`);
    this.#active.set(id, token);
    try {
      return await this.#put(part, content);
    } finally {
      this.#active.delete(id);
    }
  }

  async get(id: string, token: string): Promise<Upload> {
    return this.#present(await this.#row(id, token));
  }

  /** The file of a complete upload. */
  async complete(id: string, token: string): Promise<Blob> {
    const { sha256 } = await this.#row(id, token);
    const blob = sha256 ? await this.blobs.find(sha256) : undefined;
    return blob ?? Promise.reject(new Failure('conflict', `The upload ${id} is not complete.`));
  }

  /** The files of many complete uploads, by id, in one question. */
  async allComplete(ids: readonly string[], token: string): Promise<Map<string, Blob>> {
    const rows = await this.database.query<Blob & { id: string }>(
      `with used as (
         update snp.blobs set created = now()
         where sha256 in (select sha256 from snp.uploads where id = any($1) and token = $2) returning sha256, bytes)
       select u.id, used.sha256, used.bytes from snp.uploads u join used using (sha256) where u.id = any($1) and u.token = $2`,
      [[...new Set(ids)], token],
    );
    const found = new Map(rows.map(({ id, sha256, bytes }) => [id, { sha256, bytes: Number(bytes) }]));
    // Asked alone, one that is missing says why.
    const missing = ids.find((id) => !found.has(id));
    if (missing !== undefined) await this.complete(missing, token);
    return found;
  }

  /** @param token Whose it has to be; administrators drop those of anyone. */
  async remove(id: string, token: string | undefined): Promise<void> {
    await this.#row(id, token);
    if (this.#active.has(id)) throw new Failure('conflict', `The upload ${id} is being sent.`);
    await this.#forget(id);
  }

  /** Forgets what a token has on its way. What it is sending ends with its connections. */
  async forgetOf(token: string): Promise<void> {
    const own = await this.database.query<{ id: string }>(
      'select id from snp.uploads where token = $1 and sha256 is null',
      [token],
    );
    for (const { id } of own) await this.#forget(id);
  }

  /** Forgets uploads that are more than a day old, and what tokens had on their way that are none any more. */
  async sweep(): Promise<void> {
    const old = await this.database.query<{ id: string }>(
      `select id from snp.uploads u where created < now() - interval '1 day'
         or (sha256 is null and not exists (select from snp.tokens t where t.id = u.token and ${VALID}))`,
    );
    for (const { id } of old) if (!this.#active.has(id)) await this.#forget(id);
  }

  async #put(part: UploadPart, content: Readable): Promise<Upload> {
    const row = await this.#begin(part);
    if (row.sha256 || (await this.#isThere(part))) return this.get(part.id, part.token);
    const path = this.#path(part.id);
    const there = await sizeOf(path);
    if (part.offset !== there)
      throw new Failure('conflict', `The upload goes on at byte ${part.offset}, but ${there} bytes are there.`);
    await this.disk.require(part.length - there);
    const hash = part.offset === 0 ? createHash('sha256') : undefined;
    await this.#receive(content, path, part, hash);
    const bytes = await sizeOf(path);
    if (bytes < part.length) {
      // What is said to be there is there.
      await syncPath(path);
      return this.#present(row);
    }
    const sha256 = hash ? hash.digest('hex') : await hashOf(path);
    if (part.sha256 !== undefined && part.sha256 !== sha256) {
      await this.#forget(part.id);
      throw new Failure(
        'conflict',
        `The upload has the hash ${sha256}, not ${part.sha256}: it was thrown away. Send it again.`,
      );
    }
    // Jobs may have filled the room meanwhile. The upload stays and can be completed once there is some.
    await this.blobs.requireRoom();
    await this.blobs.addKnown(path, { sha256, bytes });
    await this.#finish(part.id, sha256);
    return this.get(part.id, part.token);
  }

  async #begin({ id, token, length }: UploadPart): Promise<UploadRow> {
    const known = await first<UploadRow>(this.database, 'select * from snp.uploads where id = $1', [id]);
    if (known) {
      if (known.token !== token) return Failure.notFound('upload', id);
      if (Number(known.length) !== length)
        throw new Failure('conflict', `The upload was begun with ${known.length} bytes, not ${length}.`);
      return known;
    }
    await this.#share.begin(token);
    await this.database.query('insert into snp.uploads (id, token, length) values ($1, $2, $3)', [id, token, length]);
    // Announced first: of two that begin at once, each sees the other.
    try {
      await this.#share.require(this.database, token);
      await this.blobs.requireRoom();
    } catch (error) {
      await this.#forget(id);
      throw error;
    }
    return { id, token, length, sha256: null };
  }

  /** A file that is there already need not be sent. */
  async #isThere({ id, length, sha256 }: UploadPart): Promise<boolean> {
    const blob = sha256 && (await this.blobs.find(sha256));
    if (!blob || Number(blob.bytes) !== length) return false;
    // Sent again, a file that is damaged is mended.
    if ((await this.blobs.store.state(blob.sha256)) !== 'whole') return false;
    await this.#finish(id, blob.sha256);
    return true;
  }

  async #receive(
    content: Readable,
    path: string,
    { offset, length }: UploadPart,
    hash: ReturnType<typeof createHash> | undefined,
  ): Promise<void> {
    let at = offset;
    const pace = new Pace(content, this.silenceSeconds);
    const checked = async function* () {
      // Refused in the middle, the request is still there to be answered.
      for await (const chunk of content.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
        pace.arrived(chunk.length);
        at += chunk.length;
        if (at > length)
          throw new Failure('conflict', `The upload has more than the ${length} bytes that were announced.`);
        hash?.update(chunk);
        yield chunk;
      }
    };
    try {
      await pipeline(checked, createWriteStream(path, { flags: offset === 0 ? 'w' : 'r+', start: offset }));
    } catch (error) {
      if (error instanceof Failure) throw error;
      if (isDiskFull(error)) {
        // What is there of it would keep the disk full.
        await rm(path, { force: true });
        throw diskFull();
      }
      await syncPath(path).catch(() => undefined);
      throw new Failure(
        'conflict',
        `The upload broke off: ${(error as Error).message}. Ask how much is there, and send the rest.`,
      );
    } finally {
      pace.stop();
    }
  }

  async #finish(id: string, sha256: string): Promise<void> {
    await this.database.transaction(async (sql) => {
      await sql.query('update snp.uploads set sha256 = $2 where id = $1', [id, sha256]);
      await this.blobs.need(sql, `upload:${id}`, [sha256]);
    });
    await rm(this.#path(id), { force: true });
  }

  async #forget(id: string): Promise<void> {
    await this.database.transaction(async (sql) => {
      await this.blobs.release(sql, `upload:${id}`);
      await sql.query('delete from snp.uploads where id = $1', [id]);
    });
    await rm(this.#path(id), { force: true });
  }

  async #row(id: string, token: string | undefined): Promise<UploadRow> {
    const row = await first<UploadRow>(this.database, 'select * from snp.uploads where id = $1', [id]);
    return row && (token === undefined || row.token === token) ? row : Failure.notFound('upload', id);
  }

  async #present({ id, length, sha256 }: UploadRow): Promise<Upload> {
    const offset = sha256 ? Number(length) : await sizeOf(this.#path(id));
    return { id, length: Number(length), offset, complete: sha256 !== null, sha256 };
  }

  #path(id: string): string {
    return join(this.folder, `${id}.part`);
  }
}

/** Ends a request that brings nothing, or so little that it never ends. */
class Pace {
  readonly #timer: NodeJS.Timeout;
  #since = Date.now();
  #last = Date.now();
  #bytes = 0;

  constructor(content: Readable, silenceSeconds: number) {
    this.#timer = setInterval(() => {
      const now = Date.now();
      const slow = now - this.#since > 60_000 && (1000 * this.#bytes) / (now - this.#since) < LEAST_BYTES_PER_SECOND;
      if (now - this.#last < 1000 * silenceSeconds && !slow) return;
      content.destroy(
        new Failure('too-slow', 'Too little arrived for too long. Ask how much is there, and send the rest.'),
      );
    }, 1000);
    this.#timer.unref();
  }

  arrived(bytes: number): void {
    this.#bytes += bytes;
    this.#last = Date.now();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

import { createWriteStream } from 'node:fs';
import { type FileHandle, mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline as pipe, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SnpError } from '@snp/onnx';
import { AwsClient } from 'aws4fetch';
import { type ArtefactStore, type ByteRange, damaged, type FileState } from './artefactStore.js';
import { hashed } from './hashed.js';
import { writeWhole } from './writeWhole.js';

/** An S3-compatible store. */
export interface S3Options {
  /** `https://s3.eu-central-1.amazonaws.com/bucket/prefix`, `http://minio:9000/bucket`. */
  url: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Default `us-east-1`, which most others than AWS expect. */
  region?: string | undefined;
}

/** Parts in which files go up: what is held in memory, and at most 10,000 of them make a file. */
const PART = 16 * 2 ** 20;

/** Artefacts in an S3-compatible store. It checks what it keeps by itself; here, what is read as a whole is checked on its way. */
export class S3Store implements ArtefactStore {
  readonly #client: AwsClient;
  readonly #url: string;
  /** What was found to be so. */
  readonly #damaged = new Set<string>();

  constructor({ url, accessKeyId, secretAccessKey, region = 'us-east-1' }: S3Options) {
    this.#url = url.replace(/\/+$/, '');
    this.#client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 3 });
  }

  async take(sha256: string, path: string, file: FileHandle): Promise<void> {
    const { size } = await file.stat();
    if ((await this.#sizeOf(sha256)) !== size || this.#damaged.has(sha256))
      await (size <= PART ? this.#putWhole(sha256, file, size) : this.#putParts(sha256, file, size));
    this.#damaged.delete(sha256);
    await rm(path, { force: true });
  }

  async read(sha256: string, range?: ByteRange): Promise<Readable> {
    const headers = range && { range: `bytes=${range.start}-${range.end}` };
    const response = await this.#request('GET', sha256, headers && { headers });
    const content = Readable.from(received(response.body!), { objectMode: false });
    if (range) return content;
    const fail = () => {
      this.#damaged.add(sha256);
      return damaged(sha256, 'damaged');
    };
    return pipe(content, hashed(sha256, fail), () => undefined);
  }

  async place(sha256: string, path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const content = await this.read(sha256);
    await writeWhole(path, (beside) => pipeline(content, createWriteStream(beside)));
  }

  async state(sha256: string): Promise<FileState> {
    if ((await this.#sizeOf(sha256)) === undefined) return 'missing';
    return this.#damaged.has(sha256) ? 'damaged' : 'whole';
  }

  async check(sha256: string, pace?: (bytes: number) => Promise<void>): Promise<FileState> {
    if ((await this.#sizeOf(sha256)) === undefined) return 'missing';
    this.#damaged.delete(sha256);
    try {
      for await (const chunk of await this.read(sha256)) await pace?.((chunk as Uint8Array).length);
    } catch (error) {
      if (!this.#damaged.has(sha256)) throw error;
    }
    return this.state(sha256);
  }

  async remove(sha256: string): Promise<void> {
    await this.#request('DELETE', sha256);
  }

  async open(): Promise<void> {
    await this.#sizeOf('0'.repeat(64));
  }

  async #sizeOf(sha256: string): Promise<number | undefined> {
    const response = await this.#fetch(`${this.#url}/${sha256}`, { method: 'HEAD' });
    if (response.ok) return Number(response.headers.get('content-length'));
    if (response.status === 404) return undefined;
    return failed('HEAD', response.status, '');
  }

  async #putWhole(sha256: string, file: FileHandle, size: number): Promise<void> {
    await this.#request('PUT', sha256, { body: await readPart(file, 0, size) });
  }

  async #putParts(sha256: string, file: FileHandle, size: number): Promise<void> {
    const begun = await (await this.#request('POST', sha256, { query: 'uploads' })).text();
    const upload = encodeURIComponent(unescapeXml(/<UploadId>([^<]+)</.exec(begun)?.[1] ?? ''));
    const partSize = Math.max(PART, Math.ceil(size / 10_000));
    try {
      const parts: string[] = [];
      for (let start = 0; start < size; start += partSize) {
        const number = parts.length + 1;
        const body = await readPart(file, start, Math.min(partSize, size - start));
        const { headers } = await this.#request('PUT', sha256, {
          query: `partNumber=${number}&uploadId=${upload}`,
          body,
        });
        parts.push(`<Part><PartNumber>${number}</PartNumber><ETag>${headers.get('etag')}</ETag></Part>`);
      }
      const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
      const end = await (await this.#request('POST', sha256, { query: `uploadId=${upload}`, body })).text();
      // It may say 200 and fail all the same.
      if (end.includes('<Error>')) failed('POST', 200, end);
    } catch (error) {
      await this.#request('DELETE', sha256, { query: `uploadId=${upload}` }).catch(() => undefined);
      throw error;
    }
  }

  async #request(
    method: string,
    sha256: string,
    {
      query = '',
      ...init
    }: { query?: string; headers?: Record<string, string>; body?: string | Uint8Array<ArrayBuffer> } = {},
  ): Promise<Response> {
    const url = `${this.#url}/${sha256}${query && `?${query}`}`;
    const response = await this.#fetch(url, { method, ...init });
    if (response.ok) return response;
    if (method === 'GET' && response.status === 404) throw damaged(sha256, 'missing');
    return failed(method, response.status, await response.text());
  }

  #fetch(url: string, init: RequestInit): Promise<Response> {
    return this.#client.fetch(url, init).catch(unreachable);
  }
}

/** A body as it comes; where it breaks off, so does the store. */
async function* received(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body as unknown as AsyncIterable<Uint8Array>;
  } catch (error) {
    unreachable(error as Error);
  }
}

function unreachable(error: Error): never {
  const cause = error.cause instanceof Error ? error.cause : error;
  throw new SnpError('io', `The artefact store cannot be reached: ${cause.message}.`, {}, { cause: error });
}

async function readPart(file: FileHandle, start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, start + done);
    if (bytesRead === 0) throw new SnpError('io', 'A file became shorter while it was read.');
    done += bytesRead;
  }
  return bytes;
}

function failed(method: string, status: number, body: string): never {
  const code = /<Code>([^<]+)</.exec(body)?.[1] ?? `status ${status}`;
  throw new SnpError('io', `The artefact store refused ${method}: ${code}.`);
}

function unescapeXml(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

import { createWriteStream } from 'node:fs';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SnpError } from '@snp/onnx';
import { AwsClient } from 'aws4fetch';
import type { ArtefactStore, ByteRange } from './artefactStore.js';
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

/** Artefacts in an S3-compatible store. */
export class S3Store implements ArtefactStore {
  readonly #client: AwsClient;
  readonly #url: string;

  constructor({ url, accessKeyId, secretAccessKey, region = 'us-east-1' }: S3Options) {
    this.#url = url.replace(/\/+$/, '');
    this.#client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 3 });
  }

  async take(sha256: string, path: string): Promise<void> {
    const { size } = await stat(path);
    if (!(await this.has(sha256)))
      await (size <= PART ? this.#putWhole(sha256, path, size) : this.#putParts(sha256, path, size));
    await rm(path, { force: true });
  }

  async read(sha256: string, range?: ByteRange): Promise<Readable> {
    const headers = range && { range: `bytes=${range.start}-${range.end}` };
    const response = await this.#request('GET', sha256, headers && { headers });
    return Readable.fromWeb(response.body as never);
  }

  async place(sha256: string, path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const content = await this.read(sha256);
    await writeWhole(path, (beside) => pipeline(content, createWriteStream(beside)));
  }

  async has(sha256: string): Promise<boolean> {
    const response = await this.#client.fetch(`${this.#url}/${sha256}`, { method: 'HEAD' });
    if (response.ok) return true;
    if (response.status === 404) return false;
    return failed('HEAD', response.status, '');
  }

  async remove(sha256: string): Promise<void> {
    await this.#request('DELETE', sha256);
  }

  async check(): Promise<void> {
    await this.has('0'.repeat(64));
  }

  async #putWhole(sha256: string, path: string, size: number): Promise<void> {
    await this.#request('PUT', sha256, { body: await readPart(path, 0, size) });
  }

  async #putParts(sha256: string, path: string, size: number): Promise<void> {
    const begun = await (await this.#request('POST', sha256, { query: 'uploads' })).text();
    const upload = encodeURIComponent(unescapeXml(/<UploadId>([^<]+)</.exec(begun)?.[1] ?? ''));
    const partSize = Math.max(PART, Math.ceil(size / 10_000));
    try {
      const parts: string[] = [];
      for (let start = 0; start < size; start += partSize) {
        const number = parts.length + 1;
        const body = await readPart(path, start, Math.min(partSize, size - start));
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
    const response = await this.#client.fetch(url, { method, ...init }).catch((cause: Error) => {
      throw new SnpError('io', `The artefact store cannot be reached: ${cause.message}.`, {}, { cause });
    });
    return response.ok ? response : failed(method, response.status, await response.text());
  }
}

async function readPart(path: string, start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const file = await open(path);
  try {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await file.read(bytes, done, length - done, start + done);
      if (bytesRead === 0) throw new SnpError('io', `${path} became shorter while it was read.`, { file: path });
      done += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

function failed(method: string, status: number, body: string): never {
  const code = /<Code>([^<]+)</.exec(body)?.[1] ?? `status ${status}`;
  throw new SnpError('io', `The artefact store refused ${method}: ${code}.`);
}

function unescapeXml(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

import { Readable } from 'node:stream';
import type { Context } from 'hono';
import type { ArtefactStore, ByteRange } from '../storage/artefactStore.js';
import type { Env } from './env.js';

/** A file that is to be sent. */
export interface Sent {
  sha256: string;
  bytes: number;
  name: string;
  type: string;
  /** Shown by the browser in place, in a sandbox, instead of saved. */
  view?: boolean;
}

/** What a made page may do where it is shown: nothing but look. */
const SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

/** Sends a file of the store, or the part that is asked for. It never changes under its name: the hash is its tag. */
export async function sendBlob(context: Context<Env>, store: ArtefactStore, file: Sent): Promise<Response> {
  const tag = `"${file.sha256}"`;
  const bytes = Number(file.bytes);
  context.set('policy', SANDBOX);
  const headers: Record<string, string> = {
    etag: tag,
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache',
    'content-type': file.type,
    'content-disposition': `${file.view ? 'inline' : 'attachment'}; filename*=UTF-8''${encoded(file.name)}`,
    'x-content-type-options': 'nosniff',
  };
  if (tags(context.req.header('if-none-match')).includes(tag)) return new Response(null, { status: 304, headers });
  const wanted = context.req.header('range');
  const condition = context.req.header('if-range');
  const range = wanted && (condition === undefined || condition === tag) ? rangeOf(wanted, bytes) : undefined;
  if (range === 'none')
    return new Response(null, { status: 416, headers: { ...headers, 'content-range': `bytes */${bytes}` } });
  const length = range ? range.end - range.start + 1 : bytes;
  headers['content-length'] = String(length);
  if (range) headers['content-range'] = `bytes ${range.start}-${range.end}/${bytes}`;
  const body = context.req.method === 'HEAD' || length === 0 ? null : await store.read(file.sha256, range);
  return new Response(body && (Readable.toWeb(body) as ReadableStream), { status: range ? 206 : 200, headers });
}

/** All but letters, digits and a few signs as %XX (RFC 5987): nothing in a name ends the header. */
function encoded(name: string): string {
  return encodeURIComponent(name).replace(/['()*!]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function tags(header: string | undefined): string[] {
  return header?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
}

/** The one range of a header; undefined where it is not understood, which means the whole file; `none` where the file has no such part. */
function rangeOf(header: string, bytes: number): ByteRange | 'none' | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header.trim()) ?? [];
  if (first === undefined || (first === '' && last === '')) return undefined;
  if (first === '') {
    const length = Math.min(bytes, Number(last));
    return length === 0 ? 'none' : { start: bytes - length, end: bytes - 1 };
  }
  const start = Number(first);
  const end = last === '' ? bytes - 1 : Math.min(bytes - 1, Number(last));
  if (last !== '' && Number(last) < start) return undefined;
  return start >= bytes ? 'none' : { start, end };
}

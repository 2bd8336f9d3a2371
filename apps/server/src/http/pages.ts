import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MiddlewareHandler } from 'hono';
import type { Env } from './env.js';

interface Page {
  bytes: Uint8Array<ArrayBuffer>;
  type: string;
  tag: string;
  /** Its name holds a hash: it never changes. */
  immutable: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
};

/** Where the build of the pages lies. */
const FOLDER = fileURLToPath(new URL('web/', import.meta.url));

/** Reads all files of the pages: they are few and small, and a name that is not among them leads nowhere. */
export async function readPages(folder = FOLDER): Promise<Map<string, Page>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const pages = new Map<string, Page>();
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(folder.length).replaceAll('\\', '/').replace(/^\//, '');
    const bytes = new Uint8Array(await readFile(path));
    pages.set(`/${name}`, {
      bytes,
      type: TYPES[extname(name)] ?? 'application/octet-stream',
      tag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
      immutable: name.startsWith('assets/'),
    });
  }
  return pages;
}

/** Serves the pages. Every address that is no file leads to the one page, whose own place in the address is the fragment. */
export function pages(files: ReadonlyMap<string, Page>): MiddlewareHandler<Env> {
  return async (context, next) => {
    const { method, path } = context.req;
    if (method !== 'GET' && method !== 'HEAD') return next();
    const wantsPage = context.req.header('accept')?.includes('text/html') && !/^\/(api|assets)\//.test(path);
    const page = files.get(path === '/' ? '/index.html' : path);
    // Relative, as all addresses of the page: a proxy may have put it anywhere.
    if (!page) return wantsPage ? context.redirect('../'.repeat(path.split('/').length - 2) || './') : next();
    const headers = {
      etag: page.tag,
      'cache-control': page.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      'content-type': page.type,
    };
    if (context.req.header('if-none-match') === page.tag) return context.body(null, 304, headers);
    return method === 'HEAD' ? context.body(null, 200, headers) : context.body(page.bytes, 200, headers);
  };
}

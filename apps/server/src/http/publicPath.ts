import { getPath } from 'hono/utils/url';

/** The path of the public URL, without a slash at the end: `/snp` of `https://example.org/snp/`. */
export function publicPath(publicUrl: string | undefined): string {
  return publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '');
}

/** Reads the path of a request below `prefix`: some proxies take a prefix off, others leave it on. */
export function pathBelow(prefix: string): (request: Request) => string {
  return (request) => {
    const path = getPath(request);
    return prefix && path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
  };
}

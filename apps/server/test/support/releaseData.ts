import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize } from 'node:v8';
import { brotliDecompressSync } from 'node:zlib';

/** Puts the folder that a server of an earlier release left (`scripts/recordRelease.mjs`) at a path. */
export function unpackRelease(release: string, folder: string): void {
  const packed = readFileSync(new URL(`../data/release-${release}.br`, import.meta.url));
  for (const [path, content] of deserialize(brotliDecompressSync(packed)) as [string, Uint8Array | undefined][]) {
    if (content) writeFileSync(join(folder, path), content, { mode: 0o600 });
    else mkdirSync(join(folder, path), { recursive: true, mode: 0o700 });
  }
}

// `npm run sizes`: writes what the packages weigh into docs/packages.md. Sizes are looked at when a release is made, not checked: every change of the
// code changes them.
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { pack } from './pack.mjs';
import { entryPoints, publishedPackages, root } from './workspace.mjs';

const page = join(root, 'docs', 'packages.md');
const [begin, end] = ['<!-- sizes -->', '<!-- /sizes -->'];
const folder = await mkdtemp(join(tmpdir(), 'snp-sizes-'));

try {
  const rows = [];
  for (const each of pack(publishedPackages(), folder)) {
    const packed = (await stat(each.tarball)).size;
    const unpacked = gunzipSync(await readFile(each.tarball)).length;
    const bundle = await bundled(each);
    const cells = [`\`${each.name}\``, kilobytes(packed), kilobytes(unpacked)];
    rows.push([...cells, ...(bundle ? [kilobytes(bundle.minified), kilobytes(bundle.zipped)] : ['', ''])]);
  }
  const head = ['package', 'packed', 'unpacked', 'in a browser, minified', 'and compressed'];
  const table = [head, ['---', '---:', '---:', '---:', '---:'], ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const [before, rest] = (await readFile(page, 'utf8')).split(begin);
  await writeFile(page, `${before}${begin}\n\n${table.join('\n')}\n\n${end}${rest.split(end)[1]}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** All of a package in a bundle for browsers, with all it depends on; undefined for one that needs Node. */
async function bundled(each) {
  const entries = entryPoints(each).map(({ specifier }, at) => `export * as entry${at} from '${specifier}';`);
  if (entries.length === 0) return undefined;
  const options = { bundle: true, minify: true, format: 'esm', platform: 'browser', write: false, logLevel: 'silent' };
  const stdin = { contents: entries.join('\n'), resolveDir: root };
  const result = await build({ ...options, stdin }).catch(() => undefined);
  const code = result?.outputFiles[0].contents;
  return code && { minified: code.length, zipped: gzipSync(code).length };
}

function kilobytes(bytes) {
  return `${Math.round(bytes / 1000)} kB`;
}

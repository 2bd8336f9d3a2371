// The packages of the workspace, found by its folders: nothing lists them.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** Packages that are published, by name: `{ name, folder, manifest }`. */
export function publishedPackages() {
  const pnpm = join(root, 'node_modules', '.bin', 'pnpm');
  const list = execFileSync(pnpm, ['ls', '--recursive', '--depth', '-1', '--json'], {
    cwd: root,
    shell: process.platform === 'win32',
  });
  return JSON.parse(list)
    .filter(({ private: kept }) => !kept)
    .map(({ name, path }) => ({
      name,
      folder: path,
      manifest: JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Entry points with types: `{ specifier, types, label }`, as `@snp/onnx/node`, the path of its declarations, and `onnx-node`. */
export function entryPoints({ name, folder, manifest }) {
  return Object.entries(manifest.exports ?? {}).flatMap(([path, { types }]) =>
    types
      ? [
          {
            specifier: join(name, path).replaceAll('\\', '/'),
            types: join(folder, types),
            label: join(basename(name), path).replaceAll(/[/\\]/g, '-'),
          },
        ]
      : [],
  );
}

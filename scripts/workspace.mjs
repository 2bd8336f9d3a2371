// The packages of the workspace, found by its folders: nothing lists them.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** All packages, by name: `{ name, folder, manifest }`. */
export function workspacePackages() {
  const pnpm = join(root, 'node_modules', '.bin', 'pnpm');
  const list = execFileSync(pnpm, ['ls', '--recursive', '--depth', '-1', '--json'], {
    cwd: root,
    shell: process.platform === 'win32',
  });
  return JSON.parse(list)
    .filter(({ path }) => path !== resolve(root))
    .map(({ name, path }) => ({
      name,
      folder: path,
      manifest: JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Those that are published. */
export function publishedPackages() {
  return workspacePackages().filter(({ manifest }) => !manifest.private);
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

/** Names that built declarations export. */
export function exportedNames(types) {
  const lists = [...readFileSync(types, 'utf8').matchAll(/export (?:type )?\{([^}]*)\}/g)].map(([, list]) => list);
  return lists
    .join(',')
    .split(',')
    .flatMap(
      (item) =>
        item
          .trim()
          .replace(/^type /, '')
          .split(' as ')
          .at(-1) || [],
    );
}

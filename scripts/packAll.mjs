// `node scripts/packAll.mjs FOLDER` packs every package that is published into FOLDER, as `pnpm publish` would.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Packs all published packages of the workspace; returns the tarball of each by its name. They must have been built. */
export function packAll(folder) {
  mkdirSync(folder, { recursive: true });
  const tarballs = {};
  for (const path of workspacePackages()) {
    const { name, version, private: isPrivate } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    if (isPrivate) continue;
    run('pnpm', ['--dir', path, 'pack', '--pack-destination', resolve(folder), '--loglevel', 'error']);
    tarballs[name] = join(resolve(folder), `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
  }
  return tarballs;
}

function workspacePackages() {
  return ['packages', 'apps'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => join(root, folder, name)),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) packAll(process.argv[2]);

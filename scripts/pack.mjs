import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './workspace.mjs';

/**
 * Packs packages as they would be published, with the ranges of the workspace resolved, into a folder.
 * Gives each package its `tarball`.
 */
export function pack(packages, folder) {
  const pnpm = join(root, 'node_modules', '.bin', 'pnpm');
  const filters = packages.map(({ name }) => `--filter=${name}`);
  const told = execFileSync(pnpm, ['--recursive', ...filters, 'pack', '--pack-destination', folder, '--json'], {
    cwd: root,
    shell: process.platform === 'win32',
  });
  const packed = [JSON.parse(told)].flat();
  return packages.map((each) => ({ ...each, tarball: packed.find(({ name }) => name === each.name).filename }));
}

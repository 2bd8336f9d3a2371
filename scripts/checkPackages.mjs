// Checks that the packages are fit to publish, packed as they would be: their manifests (publint), the types that each entry point gives to every
// kind of resolution (arethetypeswrong), and that they work in empty projects of npm and of pnpm.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { consume } from './consumer.mjs';
import { pack } from './pack.mjs';
import { entryPoints, publishedPackages, root } from './workspace.mjs';

const run = promisify(execFile);
const say = (text) => process.stdout.write(`${text}\n`);
const folder = await mkdtemp(join(tmpdir(), 'snp-packages-'));

try {
  const packages = pack(publishedPackages(), folder);
  await Promise.all(packages.map(lint));
  say(`${packages.length} packages are as publint wants them`);
  const managers = ['npm', 'pnpm'].map(async (manager) => {
    say(`installed with ${manager}: ${await consume(manager, packages, join(folder, manager))}`);
  });
  const types = async () => {
    for (const each of packages) await checkTypes(each);
    say('their types are found from ESM and by bundlers');
  };
  // All are waited for, so that the folder can go.
  const outcomes = await Promise.allSettled([types(), ...managers]);
  for (const { reason } of outcomes) if (reason) throw reason;
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function lint({ name, tarball }) {
  const { buffer } = new Uint8Array(await readFile(tarball));
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
  if (messages.length === 0) return;
  throw new Error(`publint of ${name}:\n${messages.map((message) => formatMessage(message, pkg)).join('\n')}`);
}

/** The packages are ESM alone: what `require` gives to older Node is not asked for. */
async function checkTypes(each) {
  if (entryPoints(each).length === 0) return;
  const attw = join(root, 'node_modules', '.bin', 'attw');
  const args = [each.tarball, '--profile', 'esm-only', '--no-color'];
  await run(attw, args, { shell: process.platform === 'win32' }).catch(({ stdout, stderr }) => {
    throw new Error(`arethetypeswrong of ${each.name}:\n${stdout}${stderr}`);
  });
}

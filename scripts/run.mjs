// `node scripts/run.mjs COMMAND ARGS...` runs a command of the workspace's own node_modules/.bin.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const windows = process.platform === 'win32';

function spawn(command, args) {
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, TURBO_TELEMETRY_DISABLED: '1' };
  const result = spawnSync(command, args, { cwd: root, env, stdio: 'inherit', shell: windows });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** Runs a command out of node_modules/.bin (or the PATH) at the root of the repository; ends the process if it fails. */
export function run(command, args) {
  spawn(command, args);
}

/** Runs the pnpm version that package.json pins, through npx. */
export function runPnpm(args) {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  spawn('npx', ['--yes', packageManager, ...args]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [command, ...args] = process.argv.slice(2);
  run(command, args);
}

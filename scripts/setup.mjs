// Installs the pinned pnpm's dependencies and builds every package, with nothing but Node and npm on the machine:
// no corepack, no global install. Safe to run again: both steps do only what is missing.
import { run, runPnpm } from './run.mjs';

runPnpm(['install', '--frozen-lockfile', '--prefer-offline']);
run('turbo', ['run', 'build', '--output-logs=errors-only']);

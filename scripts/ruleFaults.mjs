// `node scripts/ruleFaults.mjs [NAME...]`: puts deliberate faults into the rules, one at a time, and tells which test catches each. Twenty minutes; for hand. The
// table that it prints stands in docs/coverage.md.
import { basename } from 'node:path';
import { ruleFaults } from './support/ruleFaults.mjs';
import { firstFailingTest, runIn, tryFaults } from './support/tryFaults.mjs';

/** In this order; each with the folder of its package. */
const TESTS = [
  ['packages/graph', 'test/closedWorld.test.ts', 'test/frozen.test.ts'],
  ['packages/core', 'test/conformance'],
  ['packages/core', 'test/attention/operators.test.ts', 'test/search/spellings.test.ts'],
];

function firstFailure() {
  for (const [folder, ...tests] of TESTS) {
    const failed = firstFailingTest(folder, tests, { SNP_CONFORMANCE_RUNS: '150' });
    if (failed) return failed;
  }
  return undefined;
}

/** Packages see each other as they were built. */
function build({ name, file }) {
  const { passed, output } = runIn(file.split('/').slice(0, 2).join('/'), ['tsup', '--no-dts']);
  if (!passed) throw new Error(`'${name}' does not build: ${output}`);
}

tryFaults(ruleFaults, firstFailure, { changed: build, nameOf: (file) => basename(file) });

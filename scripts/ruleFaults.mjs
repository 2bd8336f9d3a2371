// `node scripts/ruleFaults.mjs [NAME...]`: puts deliberate faults into the rules, one at a time, and tells which test catches each. Twenty minutes; for hand. The
// table that it prints stands in docs/coverage.md.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { faults } from './support/faults.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const wanted = process.argv.slice(2);

function run(folder, ...args) {
  const options = {
    cwd: `${root}packages/${folder}`,
    encoding: 'utf8',
    env: { ...process.env, SNP_CONFORMANCE_RUNS: '150' },
  };
  const { status, stdout, stderr } = spawnSync('npx', args, options);
  return { passed: status === 0, output: `${stdout}${stderr}` };
}

/** The name of the first test that fails, or undefined if all pass. */
function firstFailure() {
  for (const [folder, ...tests] of [
    ['graph', 'test/closedWorld.test.ts', 'test/frozen.test.ts'],
    ['core', 'test/conformance'],
    ['core', 'test/attention/operators.test.ts', 'test/search/spellings.test.ts'],
  ]) {
    const { passed, output } = run(
      folder,
      'vitest',
      'run',
      '--bail',
      '1',
      '--testTimeout',
      '900000',
      '--reporter',
      'default',
      ...tests,
    );
    if (!passed) return /FAIL\s+(.*)/.exec(stripVTControlCharacters(output))?.[1] ?? 'does not run';
  }
  return undefined;
}

const rows = [];
for (const { name, file, find, replace } of faults.filter(
  (fault) => wanted.length === 0 || wanted.includes(fault.name),
)) {
  const path = `${root}packages/${file}`;
  const whole = readFileSync(path, 'utf8');
  if (whole.split(find).length !== 2) throw new Error(`'${name}': what is to be changed in ${file} is not there once.`);
  try {
    writeFileSync(path, whole.replace(find, replace));
    const { passed, output } = run(file.split('/')[0], 'tsup', '--no-dts');
    if (!passed) throw new Error(`'${name}' does not build: ${output}`);
    const caught = firstFailure();
    rows.push({ name, file, caught });
    process.stderr.write(`${caught ? 'caught' : 'NOT CAUGHT'}: ${name}\n`);
  } finally {
    writeFileSync(path, whole);
    run(file.split('/')[0], 'tsup', '--no-dts');
  }
}
const table = rows.map(
  ({ name, file, caught }) => `| ${name} | \`${file.split('/').at(-1)}\` | ${caught ?? '**not caught**'} |`,
);
process.stdout.write(['| fault | file | first test that fails |', '| --- | --- | --- |', ...table, ''].join('\n'));
process.exitCode = rows.every(({ caught }) => caught) ? 0 : 1;

// `node scripts/stageFaults.mjs [NAME...]`: puts deliberate faults into the stages of @snp/core, one at a time, and tells which test catches each. Half an hour; for
// hand, in a copy of the project. The table that it prints stands in docs/stages.md.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { stageFaults } from './support/stageFaults.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const wanted = process.argv.slice(2);
const ALL = ['pipeline', 'compensation', 'reconstruction', 'sensitivity', 'calibration', 'allocation', 'plugin'];

/** The name of the first test that fails, or undefined if all pass. */
function firstFailure(tests) {
  const options = { cwd: `${root}packages/core`, encoding: 'utf8' };
  const args = [
    'vitest',
    'run',
    '--bail',
    '1',
    '--testTimeout',
    '600000',
    '--hookTimeout',
    '600000',
    '--reporter',
    'default',
  ];
  const { status, stdout, stderr } = spawnSync('npx', [...args, ...tests.map((test) => `test/${test}`)], options);
  if (status === 0) return undefined;
  return /FAIL\s+(.*)/.exec(stripVTControlCharacters(`${stdout}${stderr}`))?.[1] ?? 'does not run';
}

const rows = [];
for (const { name, file, find, replace, tests } of stageFaults.filter(
  (fault) => wanted.length === 0 || wanted.includes(fault.name),
)) {
  const path = `${root}${file}`;
  const whole = readFileSync(path, 'utf8');
  if (whole.split(find).length !== 2) throw new Error(`'${name}': what is to be changed in ${file} is not there once.`);
  try {
    writeFileSync(path, whole.replace(find, replace));
    const caught = firstFailure(tests) ?? firstFailure(ALL.filter((test) => !tests.includes(test)));
    rows.push({ name, file, caught });
    process.stderr.write(`${caught ? 'caught' : 'NOT CAUGHT'}: ${name}\n`);
  } finally {
    writeFileSync(path, whole);
  }
}
const table = rows.map(
  ({ name, file, caught }) =>
    `| ${name} | \`${file.replace('packages/core/src/', '')}\` | ${caught ?? '**not caught**'} |`,
);
process.stdout.write(['| fault | file | first test that fails |', '| --- | --- | --- |', ...table, ''].join('\n'));
process.exitCode = rows.every(({ caught }) => caught) ? 0 : 1;

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root } from '../workspace.mjs';

/**
 * Puts deliberate faults into the code, one at a time, and prints a table of the tests that catch them. Fails if one is not caught. Only faults whose names are given on
 * the command line are tried, if there are any; with `--check` none is, and only whether the code still has all that they change is told.
 *
 * @param faults Each a name, a file, what is to be found in it, once, and what takes its place.
 * @param firstFailure The name of the first test that fails with a fault, or undefined.
 * @param options.changed Told of every fault when its file has changed, and when it is as it was.
 * @param options.nameOf How the table names a file.
 */
export function tryFaults(faults, firstFailure, { changed = () => {}, nameOf = (file) => file } = {}) {
  const wanted = process.argv.slice(2);
  if (wanted.includes('--check')) return void faults.forEach(wholeFile);
  const rows = [];
  for (const fault of faults.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    const { name, file, find, replace } = fault;
    const path = join(root, file);
    const whole = wholeFile(fault);
    try {
      writeFileSync(path, whole.replace(find, replace));
      changed(fault);
      const caught = firstFailure(fault);
      rows.push({ name, file, caught });
      process.stderr.write(`${caught ? 'caught' : 'NOT CAUGHT'}: ${name}\n`);
    } finally {
      writeFileSync(path, whole);
      changed(fault);
    }
  }
  const table = rows.map(
    ({ name, file, caught }) => `| ${name} | \`${nameOf(file)}\` | ${caught ?? '**not caught**'} |`,
  );
  process.stdout.write(['| fault | file | first test that fails |', '| --- | --- | --- |', ...table, ''].join('\n'));
  process.exitCode = rows.every(({ caught }) => caught) ? 0 : 1;
}

/** The file of a fault, which has what the fault changes once. */
function wholeFile({ name, file, find }) {
  const whole = readFileSync(join(root, file), 'utf8');
  if (whole.split(find).length === 2) return whole;
  throw new Error(`'${name}': what is to be changed in ${file} is not there once.`);
}

/** The name of the first of some tests of a package that fails, or undefined if all pass. */
export function firstFailingTest(folder, tests, environment = {}) {
  const limits = ['--bail', '1', '--testTimeout', '900000', '--hookTimeout', '900000'];
  const { passed, output } = runIn(
    folder,
    ['vitest', 'run', ...limits, '--reporter', 'default', ...tests],
    environment,
  );
  if (passed) return undefined;
  return /FAIL\s+(.*)/.exec(stripVTControlCharacters(output))?.[1] ?? 'does not run';
}

/** Runs a tool in the folder of a package. */
export function runIn(folder, args, environment = {}) {
  const options = { cwd: join(root, folder), encoding: 'utf8', env: { ...process.env, ...environment } };
  const { status, stdout, stderr } = spawnSync('npx', args, options);
  return { passed: status === 0, output: `${stdout}${stderr}` };
}

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SEEDS, writePictures } from '../../../examples/shapes/pictures.mjs';
import { namesIn, start, temporaryFolder, writeSmallVit } from './support/snp.js';

let folder: string;
let temporary: string;
const at = (...names: string[]) => join(folder, ...names);

/** Runs the command in the folder of the test. */
const run = (command: string) => start(command.split(' '), folder, { TMPDIR: temporary, TEMP: temporary }).outcome;

/** Unit numbers, lowest first: the first units leave. */
const first = `score: ({ units }) => Float64Array.from({ length: units }, (_, unit) => unit)`;

const FILES: Readonly<Record<string, string>> = {
  'first.ts': `import type { Criterion } from '@snp/core';
enum Sign { Up = 1 }
const criterion: Criterion = { name: 'first', score: ({ units }) => Float64Array.from({ length: units }, (_, unit) => Sign.Up * unit) };
export default criterion;`,
  'first.mjs': `export default { name: 'first', ${first} };`,
  'several.mjs': `export default [{ name: 'first', ${first} }, { name: 'last', score: ({ units }) => Float64Array.from({ length: units }, (_, unit) => -unit) }, { name: 'none', find: () => [] }];`,
  'throws.ts': `interface Units { units: number }
export default { name: 'mine', score(group: Units) { throw new Error(\`no \${group.units}\`); } };`,
  'short.mjs': `export default { name: 'mine', score: () => new Float64Array(3) };`,
  'nan.mjs': `export default { name: 'mine', score: ({ units }) => new Float64Array(units).fill(NaN) };`,
  'never.mjs': `setInterval(() => {}, 1000);
export default { name: 'mine', score: () => new Promise(() => {}) };`,
  'late.mjs': `setTimeout(() => { throw new Error('too late'); }, 50);
export default { name: 'mine', score: () => new Promise(() => {}) };`,
  'rejects.ts': `Promise.resolve().then(() => { throw new Error('nobody waits'); });
export default { name: 'mine', score: () => new Promise(() => {}) };`,
  'kind.mjs': `export default { name: 'mine', find: () => [{ id: 'a', kind: 'layer', units: 1 }] };`,
  'ffns.mjs': `const cuts = [0, 1].map((block) => [{ group: \`blocks.\${block}.ffn-branch\`, unit: 0 }]);
export default { name: 'ffns', find: () => [{ id: 'ffns', kind: 'block', units: 2, lanes: 1, laneOf: new Int32Array(2), labels: new Int32Array(2), members: [], sites: [], cuts }] };`,
  'find.mjs': `export default { name: 'mine', find: async () => { throw new Error('found none'); } };`,
  'contract.mjs': `export default { name: 'mine', contract: 2, ${first} };`,
  'factory.mjs': `export default () => ({ name: 'mine', ${first} });`,
  'builtin.mjs': `export default { name: 'l2', ${first} };`,
  'field.mjs': `export default { name: 'mine', ${first}, needs: {} };`,
  'named.mjs': `export const mine = { name: 'mine', ${first} };`,
  'syntax.ts': `export default { name: `,
  'import.ts': `import 'no-such-package';\nexport default {};`,
};

beforeAll(async () => {
  folder = await temporaryFolder();
  temporary = await temporaryFolder();
  await writeSmallVit(at('vit.onnx'));
  await writePictures(at('pictures'), { count: 8, seed: SEEDS.calibration });
  for (const [name, content] of Object.entries(FILES)) await writeFile(at(name), `${content}\n`);
  // A package as one installs it, for ESM alone.
  await mkdir(at('node_modules', 'snp-criterion-first'), { recursive: true });
  const manifest = { name: 'snp-criterion-first', type: 'module', exports: { '.': { default: './index.js' } } };
  await writeFile(at('node_modules', 'snp-criterion-first', 'package.json'), JSON.stringify(manifest));
  await writeFile(at('node_modules', 'snp-criterion-first', 'index.js'), FILES['first.mjs']);
});

afterAll(() => Promise.all([folder, temporary].map((path) => rm(path, { recursive: true, force: true }))));

/** Which hidden neurons of the first block stay in what a command with `--json` says. */
const kept = (stdout: string) => JSON.parse(stdout).plan.groups['blocks.0.ffn'].keep;
const LAST = Array.from({ length: 24 }, (_, at) => 24 + at);
const FIRST = Array.from({ length: 24 }, (_, at) => at);

describe('snp prune --plugin', () => {
  it.each(['./first.ts', 'first.mjs', 'snp-criterion-first'])(
    'takes the only criterion of %s, and says so',
    async (plugin) => {
      const { code, stdout, stderr } = await run(
        `prune vit.onnx --ratio ffn=0.5 --plugin ${plugin} -o out.onnx --json`,
      );
      expect(stderr).toMatch(/^criterion first, the only one loaded\n/);
      expect(code).toBe(0);
      expect(kept(stdout)).toEqual(LAST);
      expect(JSON.parse(stdout).criterion).toBe('first');
      await rm(at('out.onnx'));
    },
  );

  it('takes one of several by its name', async () => {
    const command = 'prune vit.onnx --ratio ffn=0.5 --plugin several.mjs -o out.onnx --json';
    const { stdout, stderr } = await run(`${command} --criterion last`);
    expect(stderr).not.toContain('criterion');
    expect(kept(stdout)).toEqual(FIRST);
    await rm(at('out.onnx'));
  });

  it('leaves a plan as it is', async () => {
    await run('prune vit.onnx --ratio ffn=0.5 --plugin first.mjs -o out.onnx --report report');
    const [out, plan] = [await readFile(at('out.onnx')), await readFile(at('report', 'plan.json'), 'utf8')];
    const { code } = await run('prune vit.onnx --plan report/plan.json --plugin several.mjs -o again.onnx');
    expect(code).toBe(0);
    expect(Buffer.compare(await readFile(at('again.onnx')), out)).toBe(0);
    expect(JSON.parse(plan).groups['blocks.0.ffn'].keep).toEqual(LAST);
    await Promise.all(['out.onnx', 'again.onnx', 'report'].map((name) => rm(at(name), { recursive: true })));
  });
});

describe('snp inspect --plugin', () => {
  it('shows what a plug-in finds, for its author', async () => {
    const { stdout } = await run('inspect vit.onnx --plugin ffns.mjs');
    expect(stdout).toMatch(/ffns +block +2 +ffns +\[\{"group":"blocks\.0\.ffn-branch","unit":0\}\]/);
    const { found } = JSON.parse((await run('inspect vit.onnx --plugin ffns.mjs --json')).stdout);
    expect(found).toMatchObject([{ id: 'ffns', plugin: 'ffns', units: 2 }]);
    expect((await run('inspect vit.onnx --plugin kind.mjs')).stderr).toMatch(/unknown kind 'layer'/);
  });
});

/** What is wrong, the options, and what the message must say. */
const WRONG: readonly (readonly [string, string, RegExp])[] = [
  [
    'throws',
    '--plugin throws.ts',
    /^error Criterion 'mine' failed in score for group 'blocks\.0\.ffn': no 48\.\n\s+at .*throws\.ts:2:/m,
  ],
  [
    'gives too few scores',
    '--plugin short.mjs',
    /Criterion 'mine' returned 3 scores in score for group 'blocks\.0\.ffn'.*48 finite/,
  ],
  ['gives NaN', '--plugin nan.mjs', /Criterion 'mine' returned NaN for unit 0/],
  ['never ends', '--plugin never.mjs --plugin-timeout 200ms', /Criterion 'mine' did not end within 200 ms in score/],
  [
    'throws when nobody waits',
    '--plugin late.mjs',
    /^error late\.mjs failed outside of any call: too late\.\n\s+at .*late\.mjs:1/m,
  ],
  [
    'rejects a promise of its own',
    '--plugin rejects.ts',
    /^error rejects\.ts failed outside of any call: nobody waits\./m,
  ],
  ['finds an unknown kind', '--plugin kind.mjs', /Plug-in 'mine' returned a group 'a' of the unknown kind 'layer'/],
  ['fails to find', '--plugin find.mjs', /Plug-in 'mine' failed in find: found none/],
  [
    'is of another contract',
    '--plugin contract.mjs',
    /contract\.mjs: Criterion 'mine' has 'contract' = 2; it must be 1/,
  ],
  [
    'is a factory',
    '--plugin factory.mjs',
    /factory\.mjs must be a criterion .* a function \(which may have to be called\)/,
  ],
  ['is called as a built-in one', '--plugin builtin.mjs', /cannot be called 'l2'/],
  [
    'has an unknown field',
    '--plugin field.mjs',
    /field\.mjs: Criterion 'mine' has an unknown field 'needs'; a criterion has name/,
  ],
  ['is no default export', '--plugin named.mjs', /named\.mjs has no default export/],
  ['cannot be read', '--plugin syntax.ts', /syntax\.ts cannot be loaded: /],
  ['needs what is not there', '--plugin import.ts', /import\.ts cannot be loaded: .*no-such-package/],
  ['is not there', '--plugin ./missing.ts', /There is no file \.\/missing\.ts/],
  ['is not installed', '--plugin missing', /neither a file missing nor a package/],
  ['comes twice', '--plugin first.ts --plugin first.mjs', /Two criteria are called 'first'/],
  [
    'is one of several',
    '--plugin several.mjs',
    /Several criteria were loaded: first, last\. Choose one with --criterion/,
  ],
  [
    'has another name',
    '--plugin several.mjs --criterion mine',
    /no criterion 'mine'.*snp, l1.*loaded were first, last/,
  ],
  ['has no such time', '--plugin first.ts --plugin-timeout soon', /500ms, 60s, 10m/],
];

describe('a wrong plug-in ends the command with an error, and touches nothing', () => {
  it.each(WRONG)('that %s', async (_, options, message) => {
    const before = await namesIn(folder);
    const { code, stdout, stderr } = await run(`prune vit.onnx --ratio ffn=0.5 -o out.onnx ${options}`);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/internal error/);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(await namesIn(folder)).toEqual(before);
    expect(await namesIn(temporary)).toEqual([]);
  });

  it('also in a sweep', async () => {
    const sweep = await run('sweep vit.onnx --calib pictures --keep 0.8 -o sweep --plugin nan.mjs --criterion mine');
    expect(sweep.stderr).toMatch(/Criterion 'mine' returned NaN/);
    expect(sweep.code).toBe(1);
    expect((await readdir(at('sweep'))).filter((name) => name.endsWith('.onnx'))).toEqual([]);
    await rm(at('sweep'), { recursive: true });
  });
});

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { SEEDS, writePictures } from '../../../examples/shapes/pictures.mjs';
import { namesIn, start, temporaryFolder, writeSmallVit } from './support/snp.js';

const folders: string[] = [];
let folder: string;
const at = (...names: string[]) => join(folder, ...names);
const run = (command: string, cwd = folder) => start(command.split(' '), cwd).outcome;
const write = (name: string, content: unknown) =>
  writeFile(at(name), typeof content === 'string' ? content : JSON.stringify(content));

beforeEach(async () => {
  folder = await temporaryFolder();
  folders.push(folder);
  await writeSmallVit(at('vit.onnx'));
});

afterAll(() => Promise.all(folders.map((path) => rm(path, { recursive: true, force: true }))));

const kept = (stdout: string, group = 'blocks.0.ffn') => JSON.parse(stdout).plan.groups[group]?.keep.length;
const CRITERION = `{ name: 'first', score: ({ units }) => Float64Array.from({ length: units }, (_, unit) => unit) }`;

describe('a configuration file', () => {
  it.each([
    ['snp.config.json', JSON.stringify({ ratios: { ffn: 0.5 }, criterion: 'l1', output: 'out.onnx' })],
    ['snp.config.mjs', `export default { ratios: { ffn: '50%' }, criterion: 'l1', output: 'out.onnx' };`],
    [
      'snp.config.ts',
      `type Ratios = Record<string, number>;\nconst ratios: Ratios = { ffn: 0.5 };\nexport default { ratios, criterion: 'l1', output: 'out.onnx' };`,
    ],
  ])('is found as %s in the current folder, which is said', async (name, content) => {
    await write(name, content);
    const { code, stdout, stderr } = await run('prune vit.onnx --json');
    expect(stderr).toMatch(new RegExp(`^config ${name}\n`));
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ output: 'out.onnx', criterion: 'l1' });
    expect(kept(stdout)).toBe(24);
    expect(await namesIn(folder)).toContain('out.onnx');
  });

  it('is not taken from any other folder, unless it is named', async () => {
    await write('snp.config.mjs', `throw new Error('I ran');`);
    await mkdir(at('inner'));
    const command = 'prune ../vit.onnx --ratio ffn=0.5 --json';
    expect((await run(command, at('inner'))).code).toBe(0);
    expect((await run(`${command} --config ../snp.config.mjs`, at('inner'))).stderr).toMatch(/I ran/);
    expect((await run(command.replace('../', ''))).stderr).toMatch(/snp\.config\.mjs cannot be loaded: I ran/);
    expect((await run(`${command.replace('../', '')} --no-config`)).code).toBe(0);
  });

  it('gives way to flags, and a target to a target', async () => {
    await write('snp.config.json', {
      budget: { macs: 0.9 },
      criterion: 'random',
      seed: 3,
      least: { ffn: 0.25 },
      round: 4,
    });
    const { code, stdout } = await run('prune vit.onnx --ratio ffn=0.25 --criterion l2 --json');
    expect(code).toBe(0);
    expect(kept(stdout)).toBe(36);
    expect(kept(stdout, 'blocks.0.value')).toBeUndefined();
    expect(JSON.parse(stdout).criterion).toBe('l2');
    const rounded = await run('prune vit.onnx --ratio ffn=0.21 --json');
    expect(kept(rounded.stdout)).toBe(40);
    expect(JSON.parse(rounded.stdout).criterion).toBe('random');
  });

  it('holds criteria themselves, beside those of flags', async () => {
    await write('snp.config.mjs', `export default { ratios: { ffn: 0.5 }, criterion: ${CRITERION} };`);
    await write('last.mjs', `export default ${CRITERION.replace('first', 'last').replace('=> unit)', '=> -unit)')};`);
    const keepOf = (stdout: string) => JSON.parse(stdout).plan.groups['blocks.0.ffn'].keep[0];
    expect(keepOf((await run('prune vit.onnx --json')).stdout)).toBe(24);
    expect(keepOf((await run('prune vit.onnx --plugin last.mjs --json')).stdout)).toBe(24);
    expect(keepOf((await run('prune vit.onnx --plugin last.mjs --criterion last --json')).stdout)).toBe(0);
  });

  it('serves sweeps', async () => {
    await writePictures(at('pictures'), { count: 8, seed: SEEDS.calibration });
    await write('snp.config.json', {
      preset: 'snp-deit-tiny',
      calibration: { data: 'pictures', limit: 4 },
      sweep: { keep: ['70%', 0.9], output: 'models' },
    });
    const { code, stdout } = await run('sweep vit.onnx --json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).points.map(({ budget }: { budget: object }) => budget)).toEqual([
      { macs: 0.9 },
      { macs: 0.7 },
    ]);
    expect(await namesIn(at('models'))).toContain('vit.macs-0.7.onnx');
  });

  it('is shown by snp config, with its schema', async () => {
    await write('snp.config.json', { budget: { macs: '60%' }, pluginTimeout: '2m' });
    expect(JSON.parse((await run('config')).stdout)).toEqual({
      file: 'snp.config.json',
      config: { budget: { macs: 0.6 }, pluginTimeout: 120_000 },
    });
    const schema = JSON.parse((await run('config --schema')).stdout);
    expect(Object.keys(schema.properties)).toContain('plugins');
    expect(schema.additionalProperties).toBe(false);
  });
});

/** What is wrong, what the file says, and what the message must say. */
const WRONG: readonly (readonly [string, unknown, RegExp])[] = [
  ['an unknown field', { budgets: 0.5 }, /no field 'budgets'\. Fields are preset, budget,/],
  ['an unknown field inside', { budget: { mac: 0.5 } }, /no field 'mac' in 'budget'\. Fields are macs, params, bytes/],
  ['an amount that is none', { budget: { macs: 'half' } }, /'budget\.macs' must be a share \(0\.6, "60%"\)/],
  ['an unknown preset', { preset: 'deit' }, /'preset' must be snp-deit-tiny/],
  ['an unknown recovery', { recovery: 'magic' }, /'recovery' must be none, mean, ridge, full/],
  ['half a sample', { calibration: { data: 'x', limit: 0.5 } }, /'calibration\.limit' must be a whole number from 1/],
  ['a number as plug-in', { plugins: ['a', 1] }, /'plugins\.1' must be a file, a package, a criterion or a plug-in/],
  ['a time without unit', { pluginTimeout: 60 }, /'pluginTimeout' must be a time with its unit/],
  ['a list', [1], /a configuration is an object/],
  ['no JSON', '{ budget', /not valid JSON/],
];

describe('a wrong configuration ends with the file, the field and the right form', () => {
  it.each(WRONG)('%s', async (_, content, message) => {
    await write('snp.config.json', content);
    const before = await namesIn(folder);
    const { code, stderr } = await run('prune vit.onnx --ratio ffn=0.5 -o out.onnx');
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/snp\.config\.json/);
    expect(code).toBe(1);
    expect(await namesIn(folder)).toEqual(before);
  });

  it('two files', async () => {
    for (const name of ['snp.config.json', 'snp.config.js']) await write(name, '{}');
    expect((await run('prune vit.onnx --ratio ffn=0.5')).stderr).toMatch(/snp\.config\.js and snp\.config\.json/);
  });

  it('a file that is not there', async () => {
    expect((await run('prune vit.onnx --ratio ffn=0.5 --config my.json')).stderr).toMatch(/my\.json cannot be read/);
    expect((await run('prune vit.onnx --ratio ffn=0.5 --config my.ts')).stderr).toMatch(/no file .*my\.ts/s);
  });
});

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SMALL_VIT, snp, start, temporaryFolder, writeBusyVit, writeSmallVit } from './support/snp.js';

let folder: string;
const at = (...names: string[]) => join(folder, ...names);

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeSmallVit(at('vit.onnx'));
  await snp('prune', at('vit.onnx'), '--keep-macs', '0.5', '--no-calib', '-o', at('small.onnx'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const QUICK = ['--target', 'cpu-1', '--protocol', 'quick'];

it('bench measures, stores, compares, and says by its exit code what became slower', async () => {
  const models = [at('vit.onnx'), at('small.onnx')];
  const outputs = ['-o', at('old.json'), '--html', at('old.html'), '--csv', at('old.csv'), '--markdown', at('old.md')];
  const { code, stdout } = await snp('bench', ...models, ...QUICK, ...outputs);
  expect(code).toBe(0);
  // However wide the interval is on a busy machine.
  expect(stdout).toMatch(/vit\.onnx .* ms.*small\.onnx .* ms .*\(\d+\.\d\d to \d+\.\d\d\)/s);
  const result = JSON.parse(await readFile(at('old.json'), 'utf8'));
  expect(result).toMatchObject({ format: 'snp-bench', models: [{ name: 'vit.onnx' }, { name: 'small.onnx' }] });
  expect(await readFile(at('old.html'), 'utf8')).toMatch(/<svg/);
  for (const name of ['old.csv', 'old.md']) expect(await readFile(at(name), 'utf8')).toMatch(/small\.onnx/);
  result.models[1].blocks = result.models[1].blocks.map((block: number[]) => block.map((time) => 3 * time));
  await writeFile(at('new.json'), JSON.stringify(result));
  const compared = await snp('bench', '--compare', at('old.json'), at('new.json'));
  expect(compared).toMatchObject({ code: 3, stdout: expect.stringMatching(/small\.onnx.*slower/) });
  expect((await snp('bench', '--compare', at('old.json'), at('old.json'))).code).toBe(0);
});

it('bench says of a model that it cannot load why, beside the others, and by its exit code', async () => {
  await writeFile(at('text.onnx'), 'Dear model, please be fast.\n');
  const { code, stdout } = await snp('bench', at('vit.onnx'), at('text.onnx'), ...QUICK);
  expect(code).toBe(1);
  expect(stdout).toMatch(/vit\.onnx .* ms/);
  expect(stdout).toMatch(/text\.onnx.*not (an|a readable) ONNX file/);
});

it('bench tells where the time goes', async () => {
  const { stdout } = await snp('bench', '--operators', at('vit.onnx'), at('small.onnx'), '--json');
  const [before, after] = JSON.parse(stdout);
  for (const profile of [before, after]) expect(profile.operators[0].ms).toBeGreaterThan(0);
  expect(before.blocks).toHaveLength(SMALL_VIT.depth + 1);
});

it('bench measures on an agent, which ends when it is told to', async () => {
  const agent = start(['agent', '--port', '0', '--data', at('agent')]);
  const url = await new Promise<string>((resolve) =>
    agent.child.stdout.once('data', (text) => resolve(/http:\S+/.exec(String(text))![0])),
  );
  process.env.SNP_AGENT_TOKEN = (await readFile(at('agent', 'token'), 'utf8')).trim();
  const { code, stdout } = await snp(
    'bench',
    at('vit.onnx'),
    '--target',
    `${url}#cpu-1`,
    '--protocol',
    'quick',
    '--json',
  );
  delete process.env.SNP_AGENT_TOKEN;
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ target: { name: `${url}#cpu-1` }, models: [{ state: 'measured' }] });
  agent.child.kill('SIGTERM');
  expect(await agent.outcome).toMatchObject({ code: 0 });
});

it('profile measures once what prune --latency plans with', async () => {
  await writeBusyVit(at('busy.onnx'));
  const { code, stdout } = await snp(
    'profile',
    at('busy.onnx'),
    '--target',
    'cpu-1',
    '-o',
    at('table.json'),
    '--html',
    at('profile.html'),
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/latency left with.*ffn .* %/s);
  expect(await readFile(at('profile.html'), 'utf8')).toMatch(/<svg/);
  const args = [
    '--no-calib',
    '--latency',
    '90%',
    '--target',
    'cpu-1',
    '--table',
    at('table.json'),
    '-o',
    at('fast.onnx'),
    '--json',
  ];
  const pruned = await snp('prune', at('busy.onnx'), ...args);
  expect(pruned.code).toBe(0);
  const { latency } = JSON.parse(pruned.stdout);
  expect(latency.on).toBe('cpu-1');
  expect(latency.measured.ratio).toBeLessThanOrEqual(0.9);
});

import { spawn } from 'node:child_process';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Tensor } from '@snp/onnx';
import { readModel, writeModel } from '@snp/onnx/node';
import { normals, random } from '@snp/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writePictures } from './support/pictures.js';
import { namesIn, snp, temporaryFolder, writeSmallVit } from './support/snp.js';

const COUNT = 48;

let folder: string;
let names: string[];
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeSmallVit(at('original.onnx'));
  const model = await readModel(at('original.onnx'));
  for (const value of model.graph.initializers) {
    const { tensor } = value;
    if (tensor?.dataType !== 'FLOAT' || tensor.size < 2) continue;
    const own = tensor.numbers() as Float32Array;
    const noise = normals(random(1, value.name), own.length, 0.05);
    value.tensor = Tensor.float32(
      tensor.dims,
      own.map((number, place) => number + noise[place]),
    );
  }
  await writeModel(model, at('pruned.onnx'));
  await writePictures(at('pictures.npy'), COUNT);
  names = await namesIn(folder);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const args = (output: string, ...more: string[]) => [
  ...[
    'tune',
    at('pruned.onnx'),
    '--teacher',
    at('original.onnx'),
    '--data',
    at('pictures.npy'),
    '--preprocess',
    'cifar10',
  ],
  ...['-o', at(output), '--batch', '8', ...more],
];

it('writes a model that is closer to the original on held-back samples, the same for the same seed', async () => {
  const done = await snp(...args('tuned.onnx', '--epochs', '4', '--rate', '3e-3', '--json'));
  expect(done.code).toBe(0);
  const result = JSON.parse(done.stdout);
  expect(result).toMatchObject({
    output: at('tuned.onnx'),
    samples: { trained: 32, heldBack: 16 },
    augmented: true,
    steps: 16,
    losses: { logits: 'divergence' },
  });
  expect(result.after.loss).toBeLessThan(result.before.loss);
  expect(done.stderr).toMatch(/held back epoch 4\.0: loss [\d.e-]+, same answer/);
  const again = await snp(...args('again.onnx', '--epochs', '4', '--rate', '3e-3'));
  expect(again.stdout).toMatch(/before {2}loss .*\n {2}after {3}loss .*\ndone /);
  expect(await readFile(at('again.onnx'))).toEqual(await readFile(at('tuned.onnx')));
  await Promise.all(['tuned.onnx', 'again.onnx'].map((name) => rm(at(name))));
});

it('writes nothing where nothing better is found, and says so', async () => {
  const done = await snp(...args('bad.onnx', '--epochs', '1', '--rate', '1000'));
  expect(done.code).toBe(4);
  expect(done.stdout).toMatch(/nothing better than the model was found .*bad\.onnx is not written/);
  const json = await snp(...args('bad.onnx', '--epochs', '1', '--rate', '1000', '--json'));
  expect(json.code).toBe(4);
  expect(JSON.parse(json.stdout).output).toBeNull();
  expect(await namesIn(folder)).toEqual(names);
});

it('Ctrl-C, which reaches all processes of a terminal, writes the best so far', async () => {
  const bin = fileURLToPath(new URL('../bin/snp.js', import.meta.url));
  const given = args('stopped.onnx', '--epochs', '1000', '--rate', '1e-3', '--held-back', '0.4');
  const child = spawn(process.execPath, [bin, ...given], { detached: true, env: { ...process.env, NO_COLOR: '1' } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  const begun = new Promise<void>((resolve) => {
    child.stderr.on('data', (text) => {
      stderr += text;
      if (stderr.includes('held back')) resolve();
    });
  });
  await begun;
  process.kill(-child.pid!, 'SIGINT');
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(code).toBe(130);
  expect(stdout).toMatch(
    /interrupted: the best so far is taken\ngo on with --resume, .*checkpoint\ndone .*stopped\.onnx/,
  );
  const tuned = await readModel(at('stopped.onnx'));
  expect(tuned.graph.outputs[0].name).toBe('logits');
  await rm(at('stopped.onnx'));
  await rm(at('stopped.onnx.checkpoint'));
});

it('goes on after kills to the same file as without', async () => {
  const how = ['--epochs', '30', '--rate', '1e-3', '--checkpoint', '1ms'];
  expect((await snp(...args('whole.onnx', ...how))).code).toBe(0);
  expect(await namesIn(folder)).not.toContain('whole.onnx.checkpoint');
  const checkpoint = at('killed.onnx.checkpoint');
  const draw = random(3, 'kills');
  let killed = 0;
  for (let resume: string[] = []; killed < 3; resume = ['--resume']) {
    const bin = fileURLToPath(new URL('../bin/snp.js', import.meta.url));
    const child = spawn(process.execPath, [bin, ...args('killed.onnx', ...how, ...resume)], { detached: true });
    const ended = new Promise((resolve) => child.on('close', resolve));
    const before = await changed(checkpoint);
    while ((await changed(checkpoint)) === before) await setTimeout(5);
    await setTimeout(draw.integer(50));
    process.kill(-child.pid!, 'SIGKILL');
    await ended;
    killed++;
  }
  const refused = await snp(...args('killed.onnx', ...how));
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/Go on from there with --resume, or begin anew/),
  });
  const other = await snp(...args('killed.onnx', '--epochs', '3', '--resume'));
  expect(other).toMatchObject({ code: 1, stderr: expect.stringMatching(/its epochs was 30, now it is 3/) });
  const done = await snp(...args('killed.onnx', ...how, '--resume', '--json'));
  expect(done.code).toBe(0);
  expect(JSON.parse(done.stdout)).toMatchObject({ steps: 120, resumedAt: expect.any(Number) });
  expect(await readFile(at('killed.onnx'))).toEqual(await readFile(at('whole.onnx')));
  expect(await namesIn(folder)).not.toContain('killed.onnx.checkpoint');
  await Promise.all(['whole.onnx', 'killed.onnx'].map((name) => rm(at(name))));
});

/** When a file was changed last; undefined where there is none. */
const changed = (path: string) =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );

it.each<[string, string[], RegExp]>([
  ['an option that is not there', ['--label'], /unknown option '--label'/],
  ['labels that the data do not have', ['--labels'], /The data have no labels/],
  ['a loss that is none', ['--loss', 'logits=worst'], /Write OUTPUT=divergence/],
  ['overlapping texts', ['--stride', '4'], /what is held back would be trained on/],
  ['both ways to say how long', ['--epochs', '1', '--time', '1m'], /both say how long/],
  ['too few samples', ['--limit', '20'], /20 samples, of which 16 are held back/],
])('refuses %s, and leaves nothing behind', async (_, more, message) => {
  const done = await snp(...args('refused.onnx', ...more));
  expect(done.code).toBe(1);
  expect(done.stderr).toMatch(message);
  expect(await namesIn(folder)).toEqual(names);
});

it('prune --tune trains what it pruned; verify proves it, and apply makes it again from the plan', async () => {
  const data = ['--calib', at('pictures.npy'), '--preprocess', 'cifar10'];
  const pruned = ['prune', at('original.onnx'), '--keep-macs', '0.4', ...data, '--batch', '8'];
  const plain = await snp(...pruned, '-o', at('plain.onnx'), '--json');
  const done = await snp(...pruned, '-o', at('both.onnx'), '--tune', '30', '--report', at('report'), '--json');
  expect([plain.code, done.code]).toEqual([0, 0]);
  const [before, after] = [plain, done].map(({ stdout }) => JSON.parse(stdout));
  // Of 48 samples six are held back by prune, and 16 of the others by the training.
  expect(after.tuning).toMatchObject({ better: true, samples: { trained: 26, heldBack: 16 }, epochs: 30 });
  expect(after.tuning.after.loss).toBeLessThan(after.tuning.before.loss);
  expect(after.tuning.fidelityBefore).toEqual(before.fidelity);
  expect(after.fidelity).not.toEqual(before.fidelity);
  expect(after.verified).toMatchObject({ passed: true });
  expect(after.plan.tuning).toEqual({ epochs: 30 });
  expect(await readFile(at('report/report.html'), 'utf8')).toMatch(/<h2>Tuning<\/h2>/);
  const verified = await snp('verify', at('original.onnx'), at('both.onnx'), '--plan', at('report/plan.json'));
  expect(verified.code).toBe(0);
  const again = await snp(
    'apply',
    at('original.onnx'),
    '--plan',
    at('report/plan.json'),
    ...data,
    '-o',
    at('again.onnx'),
  );
  expect(again).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/\ntuned: loss .* → loss .* on 16 samples that chose it/),
  });
  expect(await readFile(at('again.onnx'))).toEqual(await readFile(at('both.onnx')));
  const cut = await snp(
    ...['apply', at('original.onnx'), '--plan', at('report/plan.json'), ...data, '-o', at('cut.onnx'), '--no-tune'],
  );
  expect(cut.stderr).toMatch(/was trained afterwards; this one was not/);
  expect(await readFile(at('cut.onnx'))).toEqual(await readFile(at('plain.onnx')));
  for (const name of ['plain', 'both', 'again', 'cut']) await rm(at(`${name}.onnx`));
  await rm(at('report'), { recursive: true });
});

it.each([
  ['--tune without data', ['--no-calib', '--tune', '5m'], /--tune trains on typical inputs/],
  [
    'a length that is none',
    ['--calib', 'x', '--tune', '0'],
    /a time with its unit \(20m\), or a whole number of epochs/,
  ],
])('prune refuses %s', async (_, more, message) => {
  const done = await snp('prune', at('original.onnx'), '--keep-macs', '0.7', '-o', at('refused.onnx'), ...more);
  expect(done).toMatchObject({ code: 1, stderr: expect.stringMatching(message) });
});

it('refuses to write over its inputs', async () => {
  for (const name of ['pruned.onnx', 'original.onnx']) {
    const done = await snp(...args(name));
    expect(done.stderr).toMatch(/is the input itself/);
    expect(done.code).toBe(1);
  }
});

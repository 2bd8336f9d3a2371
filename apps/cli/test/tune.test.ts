import { spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Tensor } from '@snp/onnx';
import { readModel, writeModel } from '@snp/onnx/node';
import { normals, random } from '@snp/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { namesIn, SMALL_VIT, snp, temporaryFolder, writeSmallVit } from './support/snp.js';

const COUNT = 48;
const SIZE = SMALL_VIT.image;

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
  await writePictures(at('pictures.npy'));
  names = await namesIn(folder);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Pictures of random bytes, as NumPy saves them. */
async function writePictures(path: string): Promise<void> {
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${COUNT}, ${SIZE}, ${SIZE}, 3), }`.padEnd(118);
  const draw = random(1, 'pictures');
  const bytes = Uint8Array.from({ length: COUNT * SIZE * SIZE * 3 }, () => draw.integer(256));
  await writeFile(
    path,
    Buffer.concat([Buffer.from([0x93]), Buffer.from('NUMPY'), Buffer.from([1, 0, 118, 0]), Buffer.from(header), bytes]),
  );
}

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
  expect(stdout).toMatch(/interrupted: the best so far is taken\ndone .*stopped\.onnx/);
  const tuned = await readModel(at('stopped.onnx'));
  expect(tuned.graph.outputs[0].name).toBe('logits');
  await rm(at('stopped.onnx'));
});

it.each<[string, string[], RegExp]>([
  ['an option that is not there', ['--labels'], /unknown option '--labels'/],
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

it('refuses to write over its inputs', async () => {
  for (const name of ['pruned.onnx', 'original.onnx']) {
    const done = await snp(...args(name));
    expect(done.stderr).toMatch(/is the input itself/);
    expect(done.code).toBe(1);
  }
});

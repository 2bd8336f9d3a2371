import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Tensor } from '@snp/onnx';
import { readModel, writeModel } from '@snp/onnx/node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writePictures } from './support/pictures.js';
import { namesIn, snp, temporaryFolder, writeBusyVit } from './support/snp.js';

let folder: string;
let names: string[];
const at = (name: string) => join(folder, name);

const data = () => ['--data', at('pictures.npy'), '--preprocess', 'cifar10'];

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeBusyVit(at('vit.onnx'));
  await writePictures(at('pictures.npy'), 48);
  names = await namesIn(folder);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

it('writes a smaller model, and tells what became of the answers', async () => {
  const done = await snp('quantize', at('vit.onnx'), '--to', 'int8', '-o', at('q.onnx'), ...data());
  expect(done.code).toBe(0);
  expect(done.stdout).toMatch(/^weights {2}\d+ with .* numbers in 8 bits; signal to noise at least [\d.]+ dB/);
  expect(done.stdout).toMatch(/stays {4}1 × Conv: convolutions stay/);
  expect(done.stdout).toMatch(/answers {2}48 samples: same answer .* divergence .*\ndone .*q\.onnx\n$/);
  const [before, after] = await Promise.all(['vit.onnx', 'q.onnx'].map((name) => stat(at(name))));
  expect(after.size).toBeLessThan(0.6 * before.size);
  const compared = await snp('compare', at('vit.onnx'), at('q.onnx'), ...data(), '--json');
  const json = await snp(...['quantize', at('vit.onnx'), '--to', 'int8', '-o', at('q.onnx'), ...data(), '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({
    output: at('q.onnx'),
    compared: 'data',
    fidelity: JSON.parse(compared.stdout).fidelity,
    left: expect.arrayContaining([expect.objectContaining({ operator: 'Conv' })]),
  });
  await rm(at('q.onnx'));
});

it('without data it compares on a random input, and says that this says little', async () => {
  const done = await snp('quantize', at('vit.onnx'), '--to', 'int8', '-o', at('q.onnx'));
  expect(done).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/compared on a random input alone .*: give --data/),
  });
  await rm(at('q.onnx'));
});

it('writes nothing where fewer answers stay than asked for', async () => {
  const model = await readModel(at('vit.onnx'));
  // A hidden neuron that never answers has large weights behind it: they leave no room for those of the others.
  for (const value of model.graph.initializers) {
    const { dims } = value.tensor!;
    const change = (by: (place: number) => number | undefined) => {
      const own = Float32Array.from(value.tensor!.numbers());
      value.tensor = Tensor.float32(
        dims,
        own.map((number, place) => by(place) ?? number),
      );
    };
    if (dims.join() === '384') change((place) => (place === 0 ? -1e4 : undefined));
    if (dims[0] === 384 && dims.length === 2) change((place) => (place < dims[1] ? 1e4 : undefined));
  }
  model.graph.outputs[0].name = 'image_embeds';
  await writeModel(model, at('large.onnx'));
  const done = await snp(
    ...['quantize', at('large.onnx'), '--to', 'int8', '-o', at('q.onnx'), ...data(), '--least-agreement', '1'],
  );
  await rm(at('large.onnx'));
  expect(done).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/is the mean cosine of embeddings, and 100\.0 % is the least/),
  });
  expect(await namesIn(folder)).toEqual(names);
});

it.each<[string, string[], RegExp]>([
  ['no form', [], /required option '--to <FORM>'/],
  ['a form that is none', ['--to', 'int2'], /Allowed choices are int8/],
  [
    'a least agreement without data',
    ['--to', 'int8', '--least-agreement', '0.9'],
    /--least-agreement is about answers to --data/,
  ],
  ['options of data without data', ['--to', 'int8', '--limit', '3'], /--limit is about --data/],
])('refuses %s, and writes nothing', async (_, more, message) => {
  const done = await snp('quantize', at('vit.onnx'), '-o', at('refused.onnx'), ...more);
  expect(done).toMatchObject({ code: 1, stderr: expect.stringMatching(message) });
  expect(await namesIn(folder)).toEqual(names);
});

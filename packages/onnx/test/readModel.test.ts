import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SnpError } from '../src/index.js';
import { externalDataFiles, readModel } from '../src/node.js';
import { addingModel, externalTensor, type Location, weightOf, writeExternal } from './support/externalModel.js';
import { errorOf, temporaryFolder } from './support/folders.js';

const data = new Uint8Array(weightOf(1).buffer);

async function weight(path: string, options = {}) {
  const model = await readModel(path, options);
  return model.graph.value('w').tensor!.numbers();
}

async function refusal(path: string): Promise<SnpError> {
  const error = await errorOf(weight(path));
  expect(error).toBeInstanceOf(SnpError);
  return error as SnpError;
}

describe('weights in other files', () => {
  it.each<[string, Location, number]>([
    ['at the beginning', { location: 'w.data' }, 0],
    ['at a stated place', { location: 'w.data', offset: '4096', length: '2048' }, 4096],
    ['in a folder below', { location: 'weights/w.data', offset: '0' }, 0],
    ['by a path with a dot', { location: './w.data' }, 0],
  ])('%s', async (_title, location, offset) => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'weights'));
    const path = writeExternal(folder, location, Buffer.concat([new Uint8Array(offset), data, new Uint8Array(9)]));
    expect(await weight(path)).toEqual(weightOf(1));
  });

  it('are not needed to look at the model', async () => {
    const path = writeExternal(temporaryFolder(), { location: 'w.data' }, undefined);
    const { graph } = await readModel(path);
    expect(graph.value('w').tensor!.dims).toEqual([2, 256]);
  });

  it('by a link inside the folder', async () => {
    const folder = temporaryFolder();
    const path = writeExternal(folder, { location: 'blob' }, data);
    symlinkSync('blob', join(folder, 'w.data'));
    writeFileSync(path, addingModel([externalTensor('w', [2, 256], { location: 'w.data' })]));
    expect(await weight(path)).toEqual(weightOf(1));
  });

  it('by a link out of the folder only when asked to, as in download caches', async () => {
    const cache = temporaryFolder();
    for (const name of ['blobs', 'snapshot']) mkdirSync(join(cache, name));
    writeFileSync(join(cache, 'blobs/1'), data);
    writeFileSync(join(cache, 'blobs/2'), addingModel([externalTensor('w', [2, 256], { location: 'w.data' })]));
    symlinkSync('../blobs/1', join(cache, 'snapshot/w.data'));
    symlinkSync('../blobs/2', join(cache, 'snapshot/model.onnx'));
    const path = join(cache, 'snapshot/model.onnx');
    expect((await refusal(path)).message).toMatch(/a link that leads out of the model’s folder/);
    expect(await weight(path, { followLinks: true })).toEqual(weightOf(1));
  });
});

describe('the data files of a model', () => {
  it('are listed once each, with where they are', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'weights'));
    const path = writeExternal(folder, { location: 'weights/w.data' }, data);
    const twice = ['a', 'b'].map((name) => externalTensor(name, [2, 256], { location: 'weights/w.data' }));
    writeFileSync(path, addingModel(twice));
    const files = await externalDataFiles(path);
    expect(files.map(({ location }) => location)).toEqual(['weights/w.data']);
    expect(readFileSync(files[0].path)).toEqual(Buffer.from(data));
  });

  it('are refused outside of its folder', async () => {
    const path = writeExternal(temporaryFolder(), { location: '../w.data' }, undefined);
    expect(await errorOf(externalDataFiles(path))).toMatchObject({ code: 'external-data' });
  });
});

describe('weights that are refused', () => {
  it.each<[string, Location, number | undefined, RegExp]>([
    ['missing', { location: 'w.data' }, undefined, /'w.data' of tensor 'w' is missing.*Copy it beside the model/],
    ['truncated', { location: 'w.data' }, 2047, /needs bytes 0 to 2048 of 'w.data', which has 2047.*truncated/],
    ['behind the end', { location: 'w.data', offset: '1' }, 2048, /needs bytes 1 to 2049/],
    ['in front of the beginning', { location: 'w.data', offset: '-8' }, 2048, /from byte -8/],
    ['at no number', { location: 'w.data', offset: 'here' }, 2048, /from byte NaN/],
    ['without a name', {}, undefined, /which has no name/],
    ['by an absolute path', { location: '/weights/w.data' }, undefined, /not a path within the model’s folder/],
    ['above the folder', { location: '../w.data' }, undefined, /lies outside of the model’s folder/],
    ['above by a detour', { location: 'a/../../w.data' }, undefined, /lies outside of the model’s folder/],
    ['in a name cut short', { location: 'w.data\0.png' }, undefined, /not a path within the model’s folder/],
    ['in a folder', { location: '.' }, undefined, /is not a regular file/],
  ])('%s', async (_title, location, size, says) => {
    const path = writeExternal(temporaryFolder(), location, size === undefined ? undefined : new Uint8Array(size));
    const error = await refusal(path);
    expect(error.code).toBe('external-data');
    expect(error.place.value).toBe('w');
    expect(error.message).toMatch(says);
  });

  it('of another size than the tensor, already when the model is read', async () => {
    const path = writeExternal(temporaryFolder(), { location: 'w.data', length: '2044' }, data);
    const error = (await errorOf(readModel(path))) as SnpError;
    expect([error.code, error.place]).toEqual(['invalid-file', { file: path, value: 'w' }]);
    expect(error.message).toMatch(/needs 2048 bytes but states 2044/);
  });

  it('changed since the model was read', async () => {
    const path = writeExternal(temporaryFolder(), { location: 'w.data' }, data);
    const { tensor } = (await readModel(path)).graph.value('w');
    expect(tensor!.numbers()).toEqual(weightOf(1));
    writeExternal(join(path, '..'), { location: 'w.data' }, Buffer.concat([data, data]));
    expect(await errorOf(() => tensor!.bytes())).toMatchObject({
      code: 'external-data',
      message: expect.stringMatching(/changed since the model was read/),
    });
  });

  it.skipIf(process.platform === 'win32')('from a pipe that nobody writes into', async () => {
    const path = writeExternal(temporaryFolder(), { location: 'w.data' }, undefined);
    execFileSync('mkfifo', [join(path, '../w.data')]);
    expect((await refusal(path)).message).toMatch(/is not a regular file/);
  });
});

describe('files that are refused', () => {
  it('missing', async () => {
    const path = join(temporaryFolder(), 'model.onnx');
    expect(await errorOf(readModel(path))).toMatchObject({
      code: 'io',
      message: `${path} cannot be read: it does not exist.`,
    });
  });

  it('a folder', async () => {
    expect(await errorOf(readModel(temporaryFolder()))).toMatchObject({ code: 'io' });
  });

  it('larger than the limit', async () => {
    const path = writeExternal(temporaryFolder(), { location: 'w.data' }, data);
    expect(await errorOf(readModel(path, { maxBytes: 100 }))).toMatchObject({ code: 'limit', place: { file: path } });
  });

  it('of another kind, with their path', async () => {
    const path = join(temporaryFolder(), 'model.onnx');
    writeFileSync(path, 'PK\x03\x04');
    const error = (await errorOf(readModel(path))) as SnpError;
    expect([error.code, error.place.file]).toEqual(['invalid-file', path]);
    expect(error.message.startsWith(`${path}: This is not an ONNX file: it is a zip archive`)).toBe(true);
  });
});

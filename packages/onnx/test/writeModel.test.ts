import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { decodeModel, type Model, SnpError, Tensor } from '../src/index.js';
import { readModel, removeUnfinished, WholeFile, writeFileWhole, writeModel } from '../src/node.js';
import { addingModel, externalTensor, weightOf, writeExternal } from './support/externalModel.js';
import { contentOf, errorOf, temporaryFolder } from './support/folders.js';
import { officialBytes, officialMeaning } from './support/officialSchema.js';

const rawTensor = (name: string, start: number) => ({
  name,
  dims: ['2', '256'],
  dataType: 1,
  docString: `about ${name}`,
  rawData: new Uint8Array(weightOf(start).buffer),
});

/** x + 1st weight + 2nd weight + a bias too small to be worth a data file. */
const bias = { name: 'bias', dataType: 1, floatData: [0.5] };
const inlineBytes = () => addingModel([rawTensor('a', 1), rawTensor('b', 2), bias]);
const inline = () => decodeModel(inlineBytes());

interface OfficialTensor {
  name: string;
  docString?: string;
  rawData?: Uint8Array;
  floatData?: number[];
  externalData?: { key: string; value: string }[];
  dataLocation?: number;
}

function tensorsOf(file: Uint8Array): OfficialTensor[] {
  const meaning = officialMeaning('ModelProto', file) as { graph: { initializer: OfficialTensor[] } };
  return meaning.graph.initializer;
}

async function resultOf(path: string): Promise<number[]> {
  const session = await ort.InferenceSession.create(path, { intraOpNumThreads: 1 });
  const { y } = await session.run({ x: new ort.Tensor('float32', new Float32Array(512), [2, 256]) });
  await session.release();
  return [...(y.data as Float32Array)];
}

const expected = [...weightOf(1)].map((item, at) => item + weightOf(2)[at] + 0.5);

describe('weights', () => {
  it('inline: the file means what the model was read from', async () => {
    const path = join(temporaryFolder(), 'm.onnx');
    await writeModel(inline(), path);
    expect(officialMeaning('ModelProto', readFileSync(path))).toEqual(officialMeaning('ModelProto', inlineBytes()));
    expect(await resultOf(path)).toEqual(expected);
  });

  it('external: large ones at page boundaries of the data file, small ones in the model', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'm.onnx');
    await writeModel(inline(), path, { weights: 'external' });
    expect(Object.keys(contentOf(folder))).toEqual(['m.onnx', 'm.onnx.data']);
    const [a, b, small] = tensorsOf(readFileSync(path));
    const entries = (offset: string) => Object.entries({ location: 'm.onnx.data', offset, length: '2048' });
    for (const [tensor, offset] of [[a, '0'] as const, [b, '4096'] as const]) {
      expect(tensor).toEqual({
        ...rawTensor(tensor.name, 0),
        rawData: undefined,
        dataLocation: 1,
        externalData: entries(offset).map(([key, value]) => ({ key, value })),
      });
    }
    expect(small).toEqual(bias);
    const data = readFileSync(join(folder, 'm.onnx.data'));
    expect(data.length).toBe(4096 + 2048);
    expect(new Float32Array(new Uint8Array(data.subarray(4096)).buffer)).toEqual(weightOf(2));
    expect(await resultOf(path)).toEqual(expected);
  });

  it('stay external when they were, in a folder of their own', async () => {
    const [from, to] = [temporaryFolder(), temporaryFolder()];
    await writeModel(inline(), join(from, 'm.onnx'), { weights: 'external' });
    await writeModel(await readModel(join(from, 'm.onnx')), join(to, 'copy.onnx'));
    expect(Object.keys(contentOf(to))).toEqual(['copy.onnx', 'copy.onnx.data']);
    expect(await resultOf(join(to, 'copy.onnx'))).toEqual(expected);
  });

  it('come back into the model when asked for', async () => {
    const [from, to] = [temporaryFolder(), temporaryFolder()];
    await writeModel(inline(), join(from, 'm.onnx'), { weights: 'external' });
    await writeModel(await readModel(join(from, 'm.onnx')), join(to, 'm.onnx'), { weights: 'inline' });
    expect(Object.keys(contentOf(to))).toEqual(['m.onnx']);
    expect(tensorsOf(readFileSync(join(to, 'm.onnx')))).toEqual(tensorsOf(inlineBytes()));
  });

  it('of nothing but small tensors need no data file', async () => {
    const folder = temporaryFolder();
    await writeModel(decodeModel(addingModel([bias])), join(folder, 'm.onnx'), { weights: 'external' });
    expect(Object.keys(contentOf(folder))).toEqual(['m.onnx']);
  });

  it('in attributes and in graphs within the graph never point into the old folder', async () => {
    const [from, to] = [temporaryFolder(), temporaryFolder()];
    const elsewhere = externalTensor('w', [2, 256], { location: 'w.data' });
    const attribute = { name: 'value', type: 4, t: elsewhere };
    const g = {
      name: 'inner',
      initializer: [elsewhere],
      node: [{ opType: 'Constant', output: ['c'], attribute: [attribute] }],
    };
    const node = { opType: 'Loop', attribute: [{ name: 'body', type: 5, g }] };
    writeFileSync(join(from, 'm.onnx'), officialBytes('ModelProto', { irVersion: '8', graph: { node: [node] } }));
    writeFileSync(join(from, 'w.data'), new Uint8Array(weightOf(1).buffer));
    await writeModel(await readModel(join(from, 'm.onnx')), join(to, 'm.onnx'));
    const { graph } = await readModel(join(to, 'm.onnx'));
    const [inner] = graph.nodes[0].subgraphs;
    expect(inner.value('w').tensor!.numbers()).toEqual(weightOf(1));
    expect(inner.nodes[0].tensor('value')!.numbers()).toEqual(weightOf(1));
    expect(Object.keys(contentOf(to))).toEqual(['m.onnx']);
  });

  it('can be written over the data file they come from', async () => {
    const path = join(temporaryFolder(), 'm.onnx');
    await writeModel(inline(), path, { weights: 'external' });
    const model = await readModel(path);
    model.graph.value('a').tensor = Tensor.float32([2, 256], weightOf(2));
    await writeModel(model, path);
    expect(await resultOf(path)).toEqual([...weightOf(2)].map((item) => 2 * item + 0.5));
    // The model in memory still has the places of the old file: an error, not wrong numbers.
    expect(await errorOf(() => model.graph.value('b').tensor!.bytes())).toMatchObject({ code: 'external-data' });
  });

  it('of more than 2 GiB are not written into one file', async () => {
    const model = inline();
    model.graph.value('a').tensor = new Tensor('FLOAT', [2 ** 30], () => new Uint8Array(0));
    const folder = temporaryFolder();
    const error = await errorOf(writeModel(model, join(folder, 'm.onnx'), { weights: 'inline' }));
    expect(error).toMatchObject({ code: 'limit', message: expect.stringMatching(/weights: 'external'/) });
    expect(contentOf(folder)).toEqual({});
  });
});

/** A model whose second weight does something else than giving its content. */
function failingModel(bytes: () => Uint8Array): Model {
  const model = inline();
  model.graph.value('b').tensor = new Tensor('FLOAT', [2, 256], bytes);
  return model;
}

describe('failures', () => {
  const stop = new AbortController();
  const stopped = AbortSignal.abort();
  const missing = () => {
    throw new SnpError('external-data', 'The data file is missing.');
  };
  const abort = () => {
    stop.abort();
    return new Uint8Array(2048);
  };
  const bug = () => {
    throw new RangeError('out of memory');
  };
  const failures: [string, () => Uint8Array, AbortSignal | undefined, string, RegExp][] = [
    ['a weight that cannot be fetched', missing, undefined, 'external-data', /data file is missing/],
    ['a signal that fired before', () => new Uint8Array(2048), stopped, 'aborted', /was stopped.*unchanged/],
    ['a signal that fires in between', abort, stop.signal, 'aborted', /was stopped.*unchanged/],
    ['an error of another kind', bug, undefined, 'io', /could not be written: out of memory.*unchanged/],
  ];

  describe.each(failures)('%s', (_title, bytes, signal, code, says) => {
    it.each(['external', 'inline'] as const)('leaves old files as they were: weights %s', async (weights) => {
      const folder = temporaryFolder();
      const path = join(folder, 'm.onnx');
      await writeModel(inline(), path, { weights: 'external' });
      const before = contentOf(folder);
      const error = await errorOf(writeModel(failingModel(bytes), path, { weights, ...(signal && { signal }) }));
      expect(error).toBeInstanceOf(SnpError);
      expect(error).toMatchObject({ code, message: expect.stringMatching(says) });
      expect(contentOf(folder)).toEqual(before);
    });

    it('leaves nothing in a new folder', async () => {
      const folder = temporaryFolder();
      const options = { weights: 'external' as const, ...(signal && { signal }) };
      await errorOf(writeModel(failingModel(bytes), join(folder, 'm.onnx'), options));
      expect(contentOf(folder)).toEqual({});
    });
  });

  it('of the real kind: the data file of a weight has gone', async () => {
    const [from, to] = [temporaryFolder(), temporaryFolder()];
    const model = await readModel(writeExternal(from, { location: 'w.data' }, undefined));
    expect(await errorOf(writeModel(model, join(to, 'm.onnx')))).toMatchObject({ code: 'external-data' });
    expect(contentOf(to)).toEqual({});
  });

  it.each([
    ['a folder that does not exist', 'none/m.onnx'],
    ['a file in the place of the folder', 'file/m.onnx'],
    ['a folder in the place of the model', 'folder'],
    ['a folder in the place of the data', 'm.onnx'],
  ])('%s', async (_title, output) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), 'text');
    for (const name of ['folder', 'm.onnx.data']) mkdirSync(join(folder, name));
    const before = contentOf(folder);
    const error = await errorOf(writeModel(inline(), join(folder, output), { weights: 'external' }));
    expect(error).toMatchObject({ code: 'io', message: expect.stringMatching(/cannot be written: .*\./) });
    expect(contentOf(folder)).toEqual(before);
  });

  it.each([true, false])('a model that cannot take its place takes the data back (old data: %s)', async (hadData) => {
    const folder = temporaryFolder();
    const path = join(folder, 'm.onnx');
    if (hadData) writeFileSync(`${path}.data`, 'old weights');
    const model = failingModel(() => {
      mkdirSync(path, { recursive: true });
      return new Uint8Array(2048);
    });
    expect(await errorOf(writeModel(model, path, { weights: 'external' }))).toMatchObject({ code: 'io' });
    expect(contentOf(folder)).toEqual({
      'm.onnx': 'no file',
      ...(hadData && { 'm.onnx.data': Buffer.from('old weights').toString('base64') }),
    });
  });

  it('both files are replaced where nothing fails, and nothing is left beside them', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'm.onnx');
    await writeModel(inline(), path, { weights: 'external' });
    const model = inline();
    model.graph.value('a').tensor = Tensor.float32([2, 256], weightOf(7));
    await writeModel(model, path, { weights: 'external' });
    expect(Object.keys(contentOf(folder))).toEqual(['m.onnx', 'm.onnx.data']);
    expect((await resultOf(path))[0]).toBe(7 + 2 + 0.5);
  });
});

describe('texts beside a model', () => {
  it.each(['inline', 'external'] as const)('take their places with it, or none does (%s)', async (weights) => {
    const folder = temporaryFolder();
    const path = join(folder, 'm.onnx');
    const text = join(folder, 'm.tokenizer.json');
    const write = (model: Model) => writeModel(model, path, { weights, beside: { [text]: 'new' } });
    writeFileSync(text, 'old');
    const failing = failingModel(() => {
      mkdirSync(path, { recursive: true });
      return new Uint8Array(2048);
    });
    expect(await errorOf(write(failing))).toMatchObject({ code: 'io' });
    expect(Object.keys(contentOf(folder))).toEqual(['m.onnx', 'm.tokenizer.json']);
    expect(readFileSync(text, 'utf8')).toBe('old');
    rmSync(path, { recursive: true });
    await write(inline());
    expect(readFileSync(text, 'utf8')).toBe('new');
    expect(await resultOf(path)).toEqual(expected);
    expect(Object.keys(contentOf(folder))).toHaveLength(weights === 'inline' ? 2 : 3);
  });
});

describe('whole files', () => {
  it('an old file is there until the new one is complete', async () => {
    const path = join(temporaryFolder(), 'report.json');
    writeFileSync(path, 'old');
    const seen: string[] = [];
    await writeFileWhole(
      path,
      (function* () {
        for (const part of ['n', 'ew']) {
          seen.push(readFileSync(path, 'utf8'));
          yield new TextEncoder().encode(part);
        }
      })(),
    );
    expect([seen, readFileSync(path, 'utf8')]).toEqual([['old', 'old'], 'new']);
  });

  it('an interrupted process can remove what is not complete', async () => {
    const folder = temporaryFolder();
    const kept = join(folder, 'kept');
    copyFileSync(new URL(import.meta.url), kept);
    const file = await WholeFile.open(kept);
    await file.write(new Uint8Array(9));
    expect(Object.keys(contentOf(folder))).toHaveLength(2);
    removeUnfinished();
    expect(Object.keys(contentOf(folder))).toEqual(['kept']);
    await file.discard();
    expect(existsSync(kept)).toBe(true);
  });
});

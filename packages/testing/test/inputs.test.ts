import { SnpError } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import { describe, expect, it } from 'vitest';
import { buildVit, inputs, runModel, sharedFolder, sharedModels } from '../src/index.js';

describe('inputs', () => {
  it('fills as the specification of each input says', () => {
    const feeds = inputs([
      { name: 'pixels', dtype: 'float', shape: [2, 3], fill: 'normal' },
      { name: 'ids', dtype: 'int64', shape: [2, 100], fill: 'randint:7' },
      { name: 'mask', dtype: 'int64', shape: [2, 2], fill: 'ones' },
      { name: 'types', dtype: 'int64', shape: [2, 2], fill: 'zeros' },
    ]);
    expect(feeds.pixels.type).toBe('FLOAT');
    expect(new Set<number | bigint>(feeds.pixels.data).size).toBe(6);
    expect(new Set<number | bigint>(feeds.ids.data)).toEqual(new Set([0n, 1n, 2n, 3n, 4n, 5n, 6n]));
    expect(feeds.mask).toEqual({ type: 'INT64', dims: [2, 2], data: BigInt64Array.of(1n, 1n, 1n, 1n) });
    expect(feeds.types).toEqual({ type: 'INT64', dims: [2, 2], data: new BigInt64Array(4) });
  });

  it('begins a larger batch with the samples of a smaller one', () => {
    const spec = { name: 'x', dtype: 'float', shape: [2, 5], fill: 'normal' } as const;
    const three = inputs([spec], { batch: 3 }).x;
    expect(three.dims).toEqual([3, 5]);
    expect(three.data.slice(0, 10)).toEqual(inputs([spec]).x.data);
    expect(inputs([spec], { seed: 1 }).x.data).not.toEqual(inputs([spec]).x.data);
  });

  it('refuses fills it does not know', () => {
    expect(() => inputs([{ name: 'x', dtype: 'float', shape: [1], fill: 'pink' }])).toThrow(SnpError);
    expect(() => inputs([{ name: 'x', dtype: 'int64', shape: [1], fill: 'normal' }])).toThrow(
      /known: normal for floats/,
    );
  });
});

describe('runModel', () => {
  const blocks = { queryKey: 4, value: 4, ffn: 8 };
  const model = buildVit({ image: 4, patch: 2, residual: 8, depth: 1, heads: 2, blocks, classes: 3 });
  const feeds = inputs([{ name: 'input', dtype: 'float', shape: [1, 3, 4, 4], fill: 'normal' }]);

  it('says what the runtime refused', async () => {
    await expect(runModel(new Uint8Array([1, 2, 3]), {})).rejects.toMatchObject({ name: 'SnpError', code: 'runtime' });
    await expect(runModel(model, {})).rejects.toThrow(/could not run the model.*input/s);
  });

  it('gives the outputs that are asked for', async () => {
    const copy = buildVit({ image: 4, patch: 2, residual: 8, depth: 1, heads: 2, blocks, classes: 3 });
    const inner = copy.graph.nodes.find((node) => node.op === 'Softmax')!.outputs[0]!;
    copy.graph.outputs.push(inner);
    expect(Object.keys(await runModel(copy, feeds))).toEqual(['logits', inner.name]);
    expect(Object.keys(await runModel(copy, feeds, [inner.name]))).toEqual([inner.name]);
  });
});

const shared = sharedFolder();
if (!shared) console.warn('Skipped: inputs of real exports. There is no ../shared beside the repository.');

describe.skipIf(!shared)('shared models', () => {
  it('are listed with the inputs their graphs have', async () => {
    expect(sharedModels().length).toBeGreaterThan(20);
    for (const { path, inputs: specs } of sharedModels()) {
      const { graph } = await readModel(path);
      const fed = graph.inputs.filter((value) => !value.tensor).map((value) => value.name);
      expect(specs.map((spec) => spec.name).sort(), path).toEqual(fed.sort());
    }
  });

  it.each(sharedModels().filter(({ path }) => path.includes('zoo')))('$file runs', async ({ path, inputs: specs }) => {
    for (const { data } of Object.values(await runModel(path, inputs(specs)))) {
      expect(Array.from(data as Float32Array).every(Number.isFinite)).toBe(true);
    }
  });
});

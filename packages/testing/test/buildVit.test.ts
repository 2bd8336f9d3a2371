import { type Model, type Node, SnpError, Tensor } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import { describe, expect, it } from 'vitest';
import {
  buildVit,
  DEIT_BASE,
  DEIT_SMALL,
  DEIT_TINY,
  inputs,
  relativeError,
  runModel,
  sharedFolder,
  type VitOptions,
} from '../src/index.js';

/** A small Vision Transformer: 8 x 8 pixels, 4 patches, 2 blocks. */
const SMALL: VitOptions = {
  image: 8,
  patch: 4,
  residual: 24,
  depth: 2,
  heads: 3,
  blocks: { queryKey: 8, value: 8, ffn: 40 },
  classes: 5,
};

const pictures = (image: number, batch: number) =>
  inputs([{ name: 'input', dtype: 'float', shape: [batch, 3, image, image], fill: 'normal' }]);

const logitsOf = async (model: Model, image: number, batch: number) =>
  (await runModel(model, pictures(image, batch))).logits;

/** Weights as one would count them by hand: all float initializers but scalars, in millions with three digits. */
function millions(model: Model): string {
  let sum = 0;
  for (const { tensor } of model.graph.initializers) {
    if (tensor?.dataType === 'FLOAT' && tensor.size > 1) sum += tensor.size;
  }
  return (sum / 1e6).toFixed(3);
}

const widths = (blocks: number[][]) => blocks.map(([queryKey, value, ffn]) => ({ queryKey, value, ffn }));
const last = (count: number, block: number[]) => Array.from({ length: count }, () => block);

describe('sizes', () => {
  it.each([
    ['DeiT-Tiny', DEIT_TINY, '5.717'],
    ['DeiT-Small', DEIT_SMALL, '22.051'],
  ])('%s has the published number of parameters', (_, size, expected) => {
    expect(millions(buildVit(size))).toBe(expected);
    expect(millions(buildVit({ ...size, qkv: 'separate' }))).toBe(expected);
  });

  it('DeiT-Base has the published number of parameters and onnxruntime loads it', async () => {
    const model = buildVit(DEIT_BASE);
    expect(millions(model)).toBe('86.568');
    // A wrong fetch is refused only after the model itself was accepted.
    await expect(runModel(model, {}, ['nothing'])).rejects.toThrow(/could not run/);
  });

  it.each([
    [
      'DeiT-Tiny',
      DEIT_TINY,
      153,
      [
        [39, 51, 614],
        [39, 51, 614],
        [39, 38, 614],
        [32, 31, 614],
        [26, 38, 614],
        [32, 19, 460],
        [26, 38, 537],
        [20, 38, 537],
        [20, 31, 614],
        [20, 25, 537],
        [20, 19, 460],
        [20, 19, 383],
      ],
      '3.013',
    ],
    [
      'DeiT-Small',
      DEIT_SMALL,
      307,
      [
        [25, 51, 1228],
        ...last(3, [25, 38, 1228]),
        [25, 31, 1228],
        [25, 31, 1075],
        [25, 31, 1228],
        [13, 25, 921],
        ...last(2, [13, 19, 921]),
        ...last(2, [13, 12, 307]),
      ],
      '10.057',
    ],
    [
      'DeiT-Small, small',
      DEIT_SMALL,
      345,
      [[26, 12, 1382], ...last(2, [20, 19, 1075]), ...last(9, [13, 12, 307])],
      '6.470',
    ],
    [
      'DeiT-Base',
      DEIT_BASE,
      538,
      [
        [20, 20, 2151],
        [20, 20, 1229],
        ...last(3, [20, 20, 2151]),
        [26, 26, 1536],
        [20, 20, 2151],
        [20, 26, 1844],
        [20, 20, 2151],
        [20, 20, 1844],
        [26, 39, 1844],
        [20, 32, 922],
      ],
      '31.845',
    ],
  ])('%s with the pruned widths has the published number', (_, size, residual, blocks, expected) => {
    const model = buildVit({ ...size, residual, blocks: widths(blocks), qkv: 'separate', scaleWidth: 64 });
    expect(millions(model)).toBe(expected);
  });

  it('refuses sizes that contradict each other', () => {
    const unequal = { ...SMALL, blocks: { queryKey: 4, value: 8, ffn: 40 } };
    expect(() => buildVit(unequal)).toThrow(/Use qkv: 'separate'/);
    expect(() => buildVit({ ...SMALL, patch: 3 })).toThrow(SnpError);
    expect(() => buildVit({ ...SMALL, blocks: widths([[8, 8, 40]]) })).toThrow(/depth 2 has 2 blocks, not 1/);
    expect(() => buildVit({ ...SMALL, blocks: { queryKey: 8, value: 8, ffn: 0 } })).toThrow(/ffn is 0/);
  });
});

describe('results', () => {
  it.each(['fused', 'separate'] as const)('DeiT-Tiny (%s) answers each picture alone', async (qkv) => {
    const model = buildVit({ ...DEIT_TINY, qkv });
    const one = await logitsOf(model, 224, 1);
    const three = await logitsOf(model, 224, 3);
    expect(one.dims).toEqual([1, 1000]);
    expect(three.dims).toEqual([3, 1000]);
    // The first picture of the larger batch is the same one.
    const first = (three.data as Float32Array).subarray(0, 1000);
    expect(relativeError(first, one.data)).toBeLessThan(1e-5);
    expect(relativeError((three.data as Float32Array).subarray(1000, 2000), one.data)).toBeGreaterThan(1e-2);
  });

  it('the forms of one seed agree, another seed does not', async () => {
    const reference = (await logitsOf(buildVit(SMALL), 8, 2)).data;
    const error = async (options: Partial<VitOptions>) =>
      relativeError((await logitsOf(buildVit({ ...SMALL, ...options }), 8, 2)).data, reference);
    expect(await error({ qkv: 'separate' })).toBeLessThan(1e-5);
    expect(await error({ gelu: 'operator' })).toBeLessThan(1e-5);
    expect(await error({ qkv: 'separate', gelu: 'operator' })).toBeLessThan(1e-5);
    expect(await error({ scaleWidth: 8 })).toBe(0);
    expect(await error({ scaleWidth: 32 })).toBeGreaterThan(1e-3);
    expect(await error({ seed: 1 })).toBeGreaterThan(1e-1);
  });

  it('runs with widths of its own in every block', async () => {
    const blocks = widths([
      [5, 7, 11],
      [3, 2, 40],
    ]);
    const model = buildVit({ ...SMALL, blocks, qkv: 'separate', scaleWidth: 8 });
    expect((await logitsOf(model, 8, 2)).dims).toEqual([2, 5]);
  });

  it('attends unevenly by default', async () => {
    const model = buildVit(SMALL);
    const softmax = model.graph.nodes.find((node) => node.op === 'Softmax')!;
    model.graph.outputs.push(softmax.outputs[0]!);
    const attention = (await runModel(model, pictures(8, 2)))[softmax.outputs[0]!.name];
    // Five tokens: uniform attention would be 0.2 everywhere.
    expect(Math.max(...(attention.data as Float32Array))).toBeGreaterThan(0.5);
    expect(Math.min(...(attention.data as Float32Array))).toBeLessThan(0.05);
  });
});

const shared = sharedFolder();
if (!shared) console.warn('Skipped: comparison with a real export. There is no ../shared beside the repository.');

describe.skipIf(!shared)('against the real export of DeiT-Tiny', () => {
  /** Constants by what a Vision Transformer calls them: initializers by name, nameless product weights by their node. */
  function weightsOf(model: Model): Map<string, Tensor> {
    const weights = new Map<string, Tensor>();
    for (const { name, tensor } of model.graph.initializers) weights.set(name, tensor!);
    for (const node of model.graph.nodes) {
      const tensor = node.op === 'MatMul' ? node.inputs[1]?.tensor : undefined;
      if (tensor) weights.set(weightName(node), tensor);
    }
    return weights;
  }
  const weightName = (node: Node) =>
    `${node.name.slice(1).replace('blocks/', '').replace('/MatMul', '').replaceAll('/', '.')}.weight`;

  it('computes the same with its weights', async () => {
    const real = await readModel(`${shared}/models/deit_tiny_patch16_224.onnx`);
    const weights = weightsOf(real);
    const built = buildVit(DEIT_TINY);
    for (const value of built.graph.initializers) {
      const tensor = weights.get(value.name);
      expect(tensor?.dims, value.name).toEqual(value.tensor!.dims);
      value.tensor = new Tensor('FLOAT', tensor!.dims, tensor!.bytes());
    }
    const [expected, actual] = [await logitsOf(real, 224, 2), await logitsOf(built, 224, 2)];
    expect(relativeError(actual.data, expected.data)).toBeLessThan(1e-5);
  });
});

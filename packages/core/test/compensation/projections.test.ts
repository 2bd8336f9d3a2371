import { onnxRuntime, tensors } from '@snp/runtime';
import { random } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import {
  APART,
  attention,
  CORES,
  KERNELS,
  OUTPUTS,
  SEPARATE,
  STACKED,
  type Writer,
} from '../attention/projectionForms.js';
import { prune } from '../support/core.js';

const runtime = onnxRuntime();

/** Recovery of each kind of group where half of queries and keys and a quarter of the values leave. */
async function outcomes({ builder, batch, tokens }: Writer) {
  const draw = random(11);
  const dims = [batch, tokens, 5];
  const sample = () => ({
    type: 'FLOAT' as const,
    dims,
    data: Float32Array.from({ length: dims[0] * dims[1] * dims[2] }, () => draw.normal()),
  });
  const calibration = tensors(
    async function* () {
      for (let at = 0; at < 32; at++) yield { x: sample() };
    },
    { count: 32 },
  );
  const ratios = { 'query-key': 0.5, value: 0.25 };
  const { report } = await prune(builder.model, { ratios, calibration, runtime });
  return report.groups
    .map(({ kind, compensation, removed }) => removed.length > 0 && `${kind}: ${compensation}`)
    .filter(Boolean);
}

const ALL_DONE = ['query-key: done', 'value: done'];

/** Pieces that act on neurons one by one, so that these are picked; the report says so. */
const ONE_BY_ONE = new Set(['FusedGemm', 'MatMul, scaled by weights', 'an activation behind', 'bounds behind']);

/** Forms of which a mixture of neurons is not written yet. */
const NOT_MIXED = new Set(['Concat of products', 'a matrix for each head']);

describe('queries, keys and values are mixed', () => {
  it.each(Object.keys(KERNELS).filter((name) => !NOT_MIXED.has(name)))('kernels: %s', async (name) => {
    expect(await outcomes(attention(KERNELS[name]))).toEqual(ALL_DONE);
  });
  it.each(Object.keys(OUTPUTS))('output: %s', async (name) => {
    expect(await outcomes(attention(KERNELS['Einsum, heads first'], OUTPUTS[name]))).toEqual(ALL_DONE);
  });
  it.each(Object.keys(STACKED).filter((name) => !NOT_MIXED.has(name) && !ONE_BY_ONE.has(name)))(
    'one product: %s',
    async (name) => {
      expect(await outcomes(attention((w) => w.parts(STACKED[name](w))))).toEqual(ALL_DONE);
    },
  );
  it.each(Object.keys(APART))('taken apart by %s', async (name) => {
    expect(await outcomes(attention((w) => APART[name](w, STACKED.MatMul(w))))).toEqual(ALL_DONE);
  });
  it.each(['scores by Mul and ReduceSum', 'both products by Mul and ReduceSum'])('products: %s', async (name) => {
    expect(await outcomes(attention(SEPARATE, undefined, CORES[name]))).toEqual(ALL_DONE);
  });
  it.each([...ONE_BY_ONE])('or picked, and the report says why: %s', async (name) => {
    const [pairs, values] = await outcomes(attention((w) => w.parts(STACKED[name](w))));
    expect(pairs).toMatch(/^query-key: picking: .* acts on single neurons/);
    expect(values).toMatch(/^value: ridge: .* acts on single neurons/);
  });
});

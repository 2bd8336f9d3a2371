import { onnxRuntime, tensors } from '@snp/runtime';
import { random } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { prune } from '../../src/index.js';
import { APART, attention, KERNELS, OUTPUTS, STACKED, type Writer } from '../attention/projectionForms.js';

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
    .map(({ kind, recovery, removed }) => removed.length > 0 && `${kind}: ${recovery}`)
    .filter(Boolean);
}

const ALL_DONE = ['query-key: done', 'value: done'];

describe('queries, keys and values are mixed', () => {
  it.each(Object.keys(KERNELS))('kernels: %s', async (name) => {
    expect(await outcomes(attention(KERNELS[name]))).toEqual(ALL_DONE);
  });
  it.each(Object.keys(OUTPUTS))('output: %s', async (name) => {
    expect(await outcomes(attention(KERNELS['Einsum, heads first'], OUTPUTS[name]))).toEqual(ALL_DONE);
  });
  it.each(Object.keys(STACKED))('one product: %s', async (name) => {
    expect(await outcomes(attention((w) => w.parts(STACKED[name](w))))).toEqual(ALL_DONE);
  });
  it.each(Object.keys(APART))('taken apart by %s', async (name) => {
    expect(await outcomes(attention((w) => APART[name](w, STACKED.MatMul(w))))).toEqual(ALL_DONE);
  });
});

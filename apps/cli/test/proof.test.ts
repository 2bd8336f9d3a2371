import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeModel } from '@snp/onnx/node';
import { GraphBuilder, normals, random } from '@snp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { snp, temporaryFolder, writeSmallVit } from './support/snp.js';

let folder: string;
const at = (...names: string[]) => join(folder, ...names);

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeSmallVit(at('vit.onnx'));
  await writeModel(sized(), at('sized.onnx'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** An FFN behind an attention, for exactly 1009 tokens, which the file does not say. */
function sized() {
  const builder = new GraphBuilder('sized');
  const weight = (name: string, dims: number[]) => builder.weight(name, dims, normals(random(1, name), 64));
  const x = builder.op('', 'Reshape', [
    builder.input('x', 'FLOAT', ['b', 'tokens', 8]),
    builder.ints('', [-1, 1009, 8]),
  ]);
  const [q, k, v] = ['q', 'k', 'v'].map((name) => builder.op('', 'MatMul', [x, weight(name, [8, 8])]));
  const scores = builder.op('', 'MatMul', [q, builder.op('', 'Transpose', [k], { perm: [0, 2, 1] })]);
  const mixed = builder.op('', 'MatMul', [builder.op('', 'Softmax', [scores], { axis: -1 }), v]);
  builder.output(builder.op('', 'MatMul', [mixed, weight('o', [8, 8])]), 'y', 'FLOAT', ['b', 1009, 8]);
  return builder.model;
}

describe('the proof', () => {
  it('is made before anything is written, and told', async () => {
    const args = ['prune', at('vit.onnx'), '--ratio', 'ffn=0.5', '-o', at('a.onnx'), '--report', at('report')];
    const { code, stdout } = await snp(...args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/verified on random inputs.*tolerance 0.0001/);
    const verified = await snp('verify', at('vit.onnx'), at('a.onnx'), '--plan', at('report', 'plan.json'));
    expect(verified.code).toBe(0);
    expect(verified.stdout).toMatch(/^equal: .*tolerance 0.0001/);
    const applied = await snp(
      'apply',
      at('vit.onnx'),
      '--plan',
      at('report', 'plan.json'),
      '-o',
      at('b.onnx'),
      '--json',
    );
    expect(JSON.parse(applied.stdout).verified).toMatchObject({ passed: true, inputs: 'random' });
  });

  it('is left out by whoever asks for it, which is told too', async () => {
    const args = ['prune', at('vit.onnx'), '--ratio', 'ffn=0.5', '-o', at('c.onnx'), '--no-verify'];
    expect((await snp(...args)).stdout).toMatch(/not verified, as was asked for/);
    expect(JSON.parse((await snp(...args, '--json')).stdout).verified).toBe(false);
  });

  it('asks for sizes that it does not find, before anything is written, and takes them', async () => {
    const args = ['prune', at('sized.onnx'), '--ratio', 'value=0.5', '-o', at('d.onnx')];
    const { code, stderr } = await snp(...args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/free dimensions b, tokens.*--dim NAME=N/);
    await expect(stat(at('d.onnx'))).rejects.toThrow();
    expect((await snp(...args, '--dim', 'tokens=1009')).stdout).toMatch(/verified on random inputs/);
    const unknown = await snp(...args, '--dim', 'token=1009');
    expect(unknown.stderr).toMatch(/No input has a free dimension 'token'/);
  });
});

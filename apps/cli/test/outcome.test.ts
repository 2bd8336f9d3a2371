import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeModel } from '@snp/onnx/node';
import { GraphBuilder, random } from '@snp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { snp, temporaryFolder, writeSmallVit } from './support/snp.js';

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
const prune = (model: string, ...args: string[]) => snp('prune', at(model), '-o', at('out.onnx'), ...args);
const lastLine = (text: string) => text.trimEnd().split('\n').at(-1);

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeSmallVit(at('vit.onnx'));
  await writeModel(perceptron(), at('mlp.onnx'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** 8 -> 32 -> 32 -> 4, without an attention. */
function perceptron() {
  const graph = new GraphBuilder('mlp');
  const draw = random(1);
  const layer = (name: string, rows: number, columns: number) =>
    graph.weight(
      name,
      [rows, columns],
      Float32Array.from({ length: rows * columns }, () => draw.uniform() - 0.5),
    );
  let x = graph.input('x', 'FLOAT', ['batch', 8]);
  x = graph.op('/one', 'Relu', [graph.op('/one', 'MatMul', [x, layer('one', 8, 32)])]);
  x = graph.op('/two', 'Relu', [graph.op('/two', 'MatMul', [x, layer('two', 32, 32)])]);
  graph.output(graph.op('/three', 'MatMul', [x, layer('three', 32, 4)]), 'y', 'FLOAT', ['batch', 4]);
  return graph.model;
}

describe('what prune says at its end', () => {
  it('is what left, not what was asked for', async () => {
    const { code, stdout } = await prune('mlp.onnx', '--ratio', 'ffn=0.26');
    expect(code).toBe(0);
    // 32 - floor(32 x 0.26) = 24 neurons stay of each layer: 8*24 + 24*24 + 24*4 of 1408.
    expect(lastLine(stdout)).toMatch(/^done .*removed 16 ffn units; 61\.4 % of the MACs.*asked for: ratio ffn=0\.26/);
    const plan = await snp('prune', at('mlp.onnx'), '-o', at('out.onnx'), '--ratio', 'ffn=0.26', '--json');
    expect(JSON.parse(plan.stdout)).toMatchObject({ removed: { ffn: 16 }, budget: 'ratio ffn=0.26' });
  });

  it('is that nothing left, where a ratio rounds to none, with one that does not', async () => {
    const { code, stdout, stderr } = await prune('vit.onnx', '--plugin', 'head', '--ratio', 'head=0.3');
    expect(code).toBe(0);
    expect(lastLine(stdout)).toMatch(/^unchanged .*nothing was removed \(asked for: ratio head=0\.3\)/);
    expect(stderr).toMatch(/'head' \(0\.3\) removes nothing: of 3 units.*0\.334 is enough/);
    const more = await prune('vit.onnx', '--plugin', 'head', '--ratio', 'head=0.334');
    expect(lastLine(more.stdout)).toMatch(/^done .*removed .*2 head units/);
  });

  it('is in JSON whether a budget was met', async () => {
    const { stdout } = await prune('vit.onnx', '--keep-macs', '0.6', '--no-calib', '--json');
    const { limits, cost } = JSON.parse(stdout);
    expect(limits.macs).toMatchObject({ left: cost.after.macs, met: true });
    expect(limits.macs.limit).toBeCloseTo(0.6 * cost.before.macs, -1);
  });

  it('leaves a report of a model without blocks', async () => {
    const { code } = await prune('mlp.onnx', '--keep-macs', '0.7', '--no-calib', '--report', at('report'));
    expect(code).toBe(0);
    expect((await stat(at('report', 'report.html'))).size).toBeGreaterThan(1000);
  });
});

it('inspect says what a model without attention is made of, and how to prune it', async () => {
  const { stdout } = await snp('inspect', at('mlp.onnx'));
  expect(stdout).toMatch(/No attention was found\. Looked for:.*Found: 3 MatMul\./);
  expect(stdout).toMatch(/can be pruned: --ratio ffn=R/);
  const { obstacles } = JSON.parse((await snp('inspect', at('mlp.onnx'), '--json')).stdout);
  expect(obstacles).toMatchObject([{ kind: 'no-attention', nodes: [] }]);
});

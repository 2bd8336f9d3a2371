import { foldConstants } from '@snp/onnx';
import { buildVit } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { analyze, explain } from '../src/index.js';

const SIZE = {
  image: 8,
  patch: 4,
  residual: 12,
  depth: 1,
  heads: 2,
  blocks: { queryKey: 4, value: 5, ffn: 16 },
  classes: 3,
} as const;

function analysis() {
  const model = buildVit({ ...SIZE, qkv: 'separate' });
  foldConstants(model);
  return analyze(model);
}

describe('explain', () => {
  const vit = analysis();

  it('follows the units of a group from the weight that writes them to the one that reads them', () => {
    const [found] = explain(vit, 'blocks.0.value');
    if (found.about !== 'group') throw new Error('not a group');
    expect([found.kind, found.units, found.heads]).toEqual(['value', 10, 2]);
    const roles = found.members.map(({ role, axis }) => `${role} ${axis}`);
    expect(roles).toContain('output 1');
    expect(roles).toContain('input 0');
    const operators = found.path.map(({ operator }) => operator);
    expect(operators[0]).toBe('MatMul');
    expect(operators).toEqual(expect.arrayContaining(['Add', 'Reshape', 'Transpose']));
    // The projection behind the attention sums over the units: they end there.
    expect(found.path.at(-1)).toMatchObject({ operator: 'MatMul', axes: [] });
    // In between, heads and neurons lie on two axes.
    expect(found.path.some(({ axes }) => axes.length === 2)).toBe(true);
  });

  it('tells what runs through a node, and which rule holds there', () => {
    const softmax = vit.model.graph.nodes.find(({ opType }) => opType === 'Softmax')!;
    const [found] = explain(vit, softmax.label);
    if (found.about !== 'node') throw new Error('not a node');
    expect(found.operator).toBe('Softmax');
    expect(found.rule).toContain('fixed');
    expect(found.inputs[0].shape).toHaveLength(4);
    const projection = vit.model.graph.nodes.findLast(({ opType }) => opType === 'MatMul' || opType === 'Gemm')!;
    const [head] = explain(vit, projection.label);
    if (head.about !== 'node') throw new Error('not a node');
    expect(head.inputs[0].runs.map(({ group }) => group)).toEqual(['residual']);
    expect(head.outputs[0].runs[0].reason?.reason).toContain("reaches the model's output 'logits'");
  });

  it('tells why a weight is frozen', () => {
    const head = vit.frozen.find(({ reason }) => reason.reason.includes("reaches the model's output"))!;
    const found = explain(vit, head.members[0].initializer.name);
    const frozen = found.find(({ about }) => about === 'frozen');
    if (frozen?.about !== 'frozen') throw new Error('nothing frozen');
    expect(frozen.reason?.operator).toBeDefined();
    expect(frozen.path.length).toBeGreaterThan(0);
  });

  it('knows no other names', () => {
    expect(() => explain(vit, 'nothing')).toThrow("no group, node or weight 'nothing'. Groups are: ");
  });
});

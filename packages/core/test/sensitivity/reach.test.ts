import { analyze } from '@snp/graph';
import { cloneModel } from '@snp/onnx';
import { describe, expect, it } from 'vitest';
import { reachOf } from '../../src/sensitivity/reach.js';
import { smallVit } from '../support/smallVit.js';

describe('the reach of a change', () => {
  const model = cloneModel(smallVit({ depth: 2 }));
  const { branches } = analyze(model);
  const ends = new Set(branches.map(({ sum }) => sum.outputs[0]!));
  const named = (name: RegExp) => model.graph.initializers.filter((value) => name.test(value.name));

  it('ends in front of the sum of its branch', () => {
    const found = reachOf(model, named(/blocks\.0\.mlp\.fc2\.(weight|bias)/), ends)!;
    const sum = branches[1].sum;
    expect(sum.inputs).toContain(found.end);
    expect(ends.has(found.end)).toBe(false);
    // What the layer behind reads is all that it needs.
    expect(found.frontier).toHaveLength(1);
  });

  it('of two branches ends behind both', () => {
    const found = reachOf(model, named(/blocks\.0\.(mlp\.fc2|attn\.proj)\.weight/), ends)!;
    expect(branches[1].sum.outputs[0]).toBe(found.end);
  });

  it('has no end before the answers where the last layer changes too', () => {
    expect(reachOf(model, [...named(/blocks\.0\.mlp\.fc2\.weight/), ...named(/head\.weight/)], ends)).toBeUndefined();
  });
});

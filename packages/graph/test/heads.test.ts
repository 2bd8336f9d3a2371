import { buildTransformer, buildVit, PLAIN_BLOCK, type TransformerBlock } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { analyze, unitGroups } from '../src/index.js';

const vit = analyze(
  buildVit({
    image: 16,
    patch: 4,
    residual: 24,
    depth: 2,
    heads: 3,
    blocks: { queryKey: 8, value: 8, ffn: 48 },
    classes: 7,
  }),
);

const block: TransformerBlock = { ...PLAIN_BLOCK, heads: 4, ffn: 6 };
const transformer = (own: Partial<TransformerBlock>) =>
  analyze(
    buildTransformer({
      seed: 1,
      residual: 8,
      blocks: [{ ...block, ...own }],
      input: 'features',
      head: true,
      noise: 0.3,
    }),
  );

describe('heads', () => {
  it('are found with the neurons they are made of', () => {
    expect(vit.heads.map(({ id, units, frozen }) => ({ id, units, frozen }))).toEqual([
      { id: 'blocks.0.heads', units: 3, frozen: undefined },
      { id: 'blocks.1.heads', units: 3, frozen: undefined },
    ]);
    for (const { parts } of vit.heads) {
      expect(parts.map(({ group }) => group.kind).sort()).toEqual(['query-key', 'value']);
      for (const { group, units } of parts)
        for (const [head, own] of units.entries())
          expect(own.map((unit) => group.laneOf[unit])).toEqual(Array(8).fill(head));
    }
  });

  it('own rows and columns of the weights around them', () => {
    // Fused queries, keys and values: [3, heads, 8] along the columns; then heads x 8 along the rows of the projection.
    const shares = vit.heads[0].members.map(({ axis, unitOf }) => [
      axis,
      unitOf.length,
      [...unitOf].filter((unit) => unit === 1).length,
    ]);
    expect(shares).toContainEqual([1, 72, 24]);
    expect(shares).toContainEqual([0, 24, 8]);
  });

  it('leave whole where a rotary embedding couples their neurons', () => {
    const { heads, groups } = transformer({ rotary: 'halves' });
    expect(heads.map(({ units, frozen }) => [units, frozen])).toEqual([[4, undefined]]);
    expect(groups.find(({ kind }) => kind === 'query-key')?.lanes).toBe(1);
  });

  it('are keys with their queries where several queries share a key', () => {
    expect(transformer({ queriesPerKey: 2 }).heads.map(({ units }) => units)).toEqual([2]);
  });

  it('are counted by queries and by keys, with rotary embeddings too', () => {
    const counts = (own: Partial<TransformerBlock>) =>
      transformer(own).blocks.map(({ heads, keyHeads }) => [heads, keyHeads]);
    expect(counts({})).toEqual([[4, 4]]);
    expect(counts({ rotary: 'halves' })).toEqual([[4, 4]]);
    expect(counts({ queriesPerKey: 2 })).toEqual([[4, 2]]);
    expect(counts({ queriesPerKey: 4, rotary: 'halves' })).toEqual([[4, 1]]);
  });

  it('own slices of a table of relative positions', () => {
    const { heads } = transformer({ mask: 'relative' });
    expect(heads[0].frozen).toBeUndefined();
    expect(heads[0].members.some(({ role, unitOf }) => role === 'elementwise' && unitOf.length === 4)).toBe(true);
  });

  it('stay where something mixes them', () => {
    const free = transformer({ talkingHeads: true }).heads.filter(({ frozen }) => !frozen);
    expect(free).toEqual([]);
  });
});

describe('branches', () => {
  it('are attention and FFN of every block, with their groups', () => {
    expect(vit.branches.map(({ id, holds, groups }) => [id, holds, groups.map(({ kind }) => kind).sort()])).toEqual([
      ['blocks.0.attention-branch', 'attention', ['query-key', 'value']],
      ['blocks.0.ffn-branch', 'ffn', ['ffn']],
      ['blocks.1.attention-branch', 'attention', ['query-key', 'value']],
      ['blocks.1.ffn-branch', 'ffn', ['ffn']],
    ]);
  });

  it('are found where the norm comes behind the sum', () => {
    expect(transformer({ order: 'post' }).branches.map(({ holds }) => holds)).toEqual(['attention', 'ffn']);
  });

  it('are units like neurons and heads', () => {
    const kinds = unitGroups(vit).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'head')).toHaveLength(2);
    expect(kinds.filter((kind) => kind === 'block')).toHaveLength(4);
  });
});

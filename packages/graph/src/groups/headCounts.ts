import type { Dim, ShapeInfo } from '@snp/onnx';
import type { Block } from './group.js';
import type { HeadSet } from './heads.js';

/** Attributes in which operators of attention say how many heads queries have. */
const ATTRIBUTES = ['q_num_heads', 'num_heads'];

/**
 * Blocks with the number of their heads: of queries, and of keys and values, of which each may serve several queries. Where queries and keys share their neurons among all heads (rotary positions), the groups of
 * neurons do not tell.
 */
export function withHeadCounts(blocks: readonly Block[], sets: readonly HeadSet[], shapes: ShapeInfo): Block[] {
  return blocks.map((block) => {
    // Heads whose neurons are frozen have no place among the blocks but for the map that is applied there.
    const set =
      sets.find((own) => own.block === block.index) ??
      sets.find(({ map }) => map && block.attention.inputs.includes(map.value));
    const keyHeads = set?.units ?? block.keyHeads;
    const stated = ATTRIBUTES.map((name) => block.attention.int(name)).find(
      (count) => count !== undefined && count > 0,
    );
    const map = set?.map?.value ?? block.attention.inputs[0];
    return {
      ...block,
      heads: stated ?? headsOf((map && shapes.shape(map))?.slice(set?.map?.axis ?? 1, -2), keyHeads) ?? block.heads,
      keyHeads,
    };
  });
}

/**
 * Heads of an attention map [batch, heads, queries, keys], or [batch, heads of keys, queries of each, queries, keys].
 *
 * @param axes Its axes from that of heads to that of queries.
 */
function headsOf(axes: readonly (Dim | undefined)[] | undefined, keyHeads: number): number | undefined {
  if (!axes?.length || !axes.every((dim) => typeof dim === 'number')) return undefined;
  const heads = axes.reduce((product, dim) => product * dim, 1);
  return heads % keyHeads === 0 ? heads : undefined;
}

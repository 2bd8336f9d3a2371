import type { Dim, Node, ShapeInfo, Value } from '@snp/onnx';
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
    const set = sets.find((own) => own.block === block.index);
    // Neurons that are frozen are in no group, and tell of no heads.
    const known = set || block.value || block.queryKey;
    const keyHeads = set?.units ?? (known ? block.keyHeads : (keyHeadsAt(block.attention, shapes) ?? block.keyHeads));
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

/** Operators that repeat what several queries share. */
const REPEATS = new Set(['Expand', 'Tile', 'Concat', 'Gather']);

/** Operators behind which heads are what they were. */
const MOVES = new Set(['Reshape', 'Cast', 'Identity']);

/** Heads of values in front of an attention that is a product: [batch, heads, tokens, width] before they are repeated for the queries that share them, or [batch, heads, 1, tokens, width]. */
function keyHeadsAt({ op, inputs }: Node, shapes: ShapeInfo): number | undefined {
  const values = op === 'MatMul' ? inputs[1] : undefined;
  const headsOf = (value: Value | undefined) => {
    const shape = value && shapes.shape(value);
    const heads = shape && shape.length > 3 ? shape[1] : undefined;
    return typeof heads === 'number' ? heads : undefined;
  };
  let fewest = headsOf(values);
  for (
    let node = values?.producer;
    node && (MOVES.has(node.op) || REPEATS.has(node.op));
    node = node.inputs[0]?.producer
  ) {
    const heads = headsOf(node.inputs[0]);
    if (heads !== undefined && fewest !== undefined) fewest = Math.min(fewest, heads);
  }
  return fewest;
}

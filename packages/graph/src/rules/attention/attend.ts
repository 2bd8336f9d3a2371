import { type Node, symbol } from '@snp/onnx';
import { fieldsOn, type Layout, plainLayout } from '../../layout/layout.js';
import type { Propagation } from '../../walk/propagation.js';
import { combine } from '../combine.js';
import { contract } from '../contraction.js';
import { headsOf, mergeHeads, repeatHeads } from './perHead.js';

/** An attention operator after what is its own: packing, biases, rotation. Layouts are [batch, heads, tokens, neurons]. */
export interface AttentionForm {
  /** Input numbers of queries, keys and values; `COMPUTED` for what the node computes from its inputs first. */
  operands: readonly [number, number, number];
  layouts: readonly (Layout | undefined)[];
  /** The output is [batch, tokens, heads x neurons]. */
  merged: boolean;
  /** Inputs that are added to the scores [batch, heads, queries, keys], or one number for each head. */
  added?: readonly number[];
  /** Input numbers of past keys and values, [batch, heads, tokens, neurons]; undefined where the operator is given none. */
  past?: readonly [number, number] | undefined;
  /** Output numbers of keys and values with those of the past. */
  present?: readonly [number, number];
  /** Output number of the scores. */
  scores?: number;
}

/** Follows scores and mixture, with keys shared by several queries, and with those of the past in front. */
export function attend(node: Node, walk: Propagation, form: AttentionForm): void {
  const { operands, merged, added = [], past, present } = form;
  const [q, ...own] = form.layouts;
  const [k, v] = own.map((layout, at) => layout && (past ? withPast(node, walk, layout, past[at]) : layout));
  if (!q || !k || !v || !walk.shape(node.outputs[0])) return refuse(node, walk, operands, UNKNOWN, form.layouts);
  if (present) for (const [at, layout] of [k, v].entries()) walk.setOutput(node, present[at], layout);
  const [queries, keys] = [headsOf(q), headsOf(k)];
  const shared = queries !== undefined && keys !== undefined ? queries / keys : 1;
  if (!Number.isInteger(shared))
    return refuse(node, walk, operands, 'has more heads of keys than of queries', form.layouts);
  const scores = contract(node, walk, {
    operands: [operands[0], operands[1]],
    layouts: [q, repeatHeads(k, shared)],
    summed: [[3, 3]],
    shared: BATCH_AND_HEADS,
    output: [{ shared: 0 }, { shared: 1 }, { operand: 0, axis: 2 }, { operand: 1, axis: 2 }],
  });
  const given = added.filter((index) => node.inputs[index]);
  const map = given.reduce<Layout | undefined>((sum, index) => sum && addToScores(node, walk, sum, index), scores);
  if (form.scores !== undefined) walk.setOutput(node, form.scores, map);
  const mixed =
    map &&
    contract(node, walk, {
      operands: [operands[0], operands[2]],
      layouts: [map, repeatHeads(v, shared)],
      summed: [[3, 2]],
      shared: BATCH_AND_HEADS,
      output: [{ shared: 0 }, { shared: 1 }, { operand: 0, axis: 2 }, { operand: 1, axis: 3 }],
    });
  walk.setOutput(node, 0, mixed && merged ? mergeHeads(mixed) : mixed);
}

const BATCH_AND_HEADS = [
  [0, 0],
  [1, 1],
] as const;

const UNKNOWN = 'attends to values of unknown shape';

/** Freezes operands of an attention that cannot be followed, and what is made of them, and says why. */
export function refuse(
  node: Node,
  walk: Propagation,
  operands: readonly number[],
  reason: string,
  computed: readonly (Layout | undefined)[] = [],
): void {
  for (const index of operands) if (index >= 0) walk.freezeInput(node, index, reason);
  for (const layout of computed) walk.freezeAll(layout?.fields ?? [], node, reason);
  node.outputs.forEach((_, index) => {
    walk.setOutput(node, index);
  });
}

/** Keys or values behind those of the past: heads and neurons are coupled, tokens follow one another. */
function withPast(node: Node, walk: Propagation, own: Layout, index: number): Layout | undefined {
  const past = walk.input(node, index);
  const tokens = fieldsOn(own, own.axes[2]);
  walk.freezeAll(tokens, node, 'joins tokens that are weights with those of the past');
  if (past?.axes.length !== 4) {
    walk.freezeAll(own.fields, node, 'joins past keys or values of unknown shape');
    return undefined;
  }
  const operands = [own, past].map((layout, at) => ({
    layout: { axes: layout.axes.with(2, []), fields: layout.fields.filter((field) => !tokens.includes(field)) },
    activation: at === 0 || walk.isActivation(node, index),
  }));
  const both = combine(node, walk, operands, 'all');
  return (
    both && { axes: both.axes.with(2, plainLayout([symbol('past + tokens', 'unknown')]).axes[0]), fields: both.fields }
  );
}

/** Scores after something of [batch, heads, queries, keys] was added (axes in front may be missing), or one number for each head. */
function addToScores(node: Node, walk: Propagation, scores: Layout, index: number): Layout | undefined {
  const layout = walk.input(node, index);
  if (!layout) {
    walk.freezeAll(scores.fields, node, 'adds a value of unknown shape to the scores');
    return scores;
  }
  const heads = layout.axes.length === 1 ? 0 : layout.axes.length - 3;
  const own = heads >= 0 ? layout.axes[heads] : [];
  const fields = layout.fields.filter(({ factors }) => factors.every((factor) => own.includes(factor)));
  const operands = [
    { layout: scores, activation: true },
    { layout: { axes: [own, [], []], fields }, activation: walk.isActivation(node, index) },
  ];
  return combine(node, walk, operands, 'none');
}

import type { Node } from '@snp/onnx';
import { Mark, type Role } from '../labels/labelStore.js';
import { type AxisGroup, alignAxes } from '../layout/align.js';
import type { Factor } from '../layout/factor.js';
import { type Field, fieldsOn, type Layout, sameFactors } from '../layout/layout.js';
import { noteJointAxes } from '../walk/jointAxes.js';
import type { Propagation } from '../walk/propagation.js';
import type { OutputAxis } from './outputAxis.js';

/** In place of an input number: an activation inside the node, which no value of the graph holds. */
export const COMPUTED = -1;

/** A product of two operands that sums over axes of both: which axes meet, and where the others go. */
export interface ContractionSpec {
  /** Input numbers of the two operands; `COMPUTED` for what the node computes from its inputs first. */
  operands: readonly [number, number];
  layouts: readonly [Layout, Layout];
  /** Axes that are summed over, as pairs of one of each operand. */
  summed: readonly (readonly [number, number])[];
  /** Axes that run along in both operands (batch, heads), as pairs; size one broadcasts. */
  shared: readonly (readonly [number, number])[];
  /** Where each axis of the output comes from: operand 0, operand 1, or both (a shared pair). */
  output: readonly ({ operand: 0 | 1; axis: number } | { shared: number })[];
}

/**
 * Follows labels through a matrix product: labels of the summed axis are coupled and end here, all others travel on.
 * Returns the layout of the product, or undefined if it could not be followed (everything labelled is frozen then).
 */
export function contract(node: Node, walk: Propagation, spec: ContractionSpec): Layout | undefined {
  const groups = [...spec.summed, ...spec.shared].map(
    ([a, b]): AxisGroup => [
      [0, a],
      [1, b],
    ],
  );
  const aligned = alignAxes(spec.layouts, groups);
  if (!aligned) {
    for (const layout of spec.layouts)
      walk.freezeAll(layout.fields, node, 'multiplies axes that split into different factors');
    return undefined;
  }
  const summed = spec.summed.flatMap(([a, b]) => [...aligned[0].axes[a], ...aligned[1].axes[b]]);
  const ending = aligned.map((layout) =>
    layout.fields.filter((field) => field.factors.some((f) => summed.includes(f))),
  );
  const activations = spec.operands.map((index) => index === COMPUTED || walk.isActivation(node, index));
  const between = activations[0] && activations[1];
  noteKernelAxes(node, walk, spec, activations);
  coupleSummed(node, walk, ending[0], ending[1], summed, between);
  const heads = headsLeft(walk, ending, summed);
  ending.forEach((fields, operand) => {
    for (const field of fields) {
      const index = spec.operands[operand];
      walk.contractions.push({ node, index, field, layout: aligned[operand], betweenActivations: between });
    }
  });
  if (between) keepHeads(node, walk, aligned, spec.shared);
  coupleShared(node, walk, aligned, spec.shared, new Set(ending.flat()));
  const surviving = aligned.flatMap((layout, operand) =>
    layout.fields.filter((field) => !ending[operand].includes(field)).map((field) => ({ ...field, zero: field.zero })),
  );
  const neurons = surviving.filter((field) => !walk.isHeadField(field));
  for (const field of heads)
    for (const own of neurons.filter(({ factors }) => field.factors.every((factor) => factors.includes(factor))))
      walk.holdNeurons(field, own);
  if (between) for (const field of neurons) walk.mark(field, Mark.mixed);
  // Angles of a rotary embedding are products too, of tables that nothing has written.
  if (between && neurons.some(({ labels }) => walk.labels.has(labels[0], Mark.written))) walk.mixers.push(node);
  const axes = spec.output.map((source): readonly Factor[] => {
    if ('operand' in source) return aligned[source.operand].axes[source.axis];
    const [a, b] = spec.shared[source.shared];
    return aligned[0].axes[a].length > 0 ? aligned[0].axes[a] : aligned[1].axes[b];
  });
  return { axes, fields: dropCovered([...surviving, ...heads]) };
}

/** Axes of a kernel that make axes of the output by themselves are written together, and those that are summed over are read together. */
function noteKernelAxes(
  node: Node,
  walk: Propagation,
  { operands, layouts, summed, shared, output }: ContractionSpec,
  activations: readonly boolean[],
): void {
  for (const own of [0, 1] as const) {
    const other = own === 0 ? 1 : 0;
    if (activations[own] || !activations[other] || operands[own] === COMPUTED) continue;
    const written = output.flatMap((source) => {
      if ('operand' in source) return source.operand === own ? [source.axis] : [];
      const pair = shared[source.shared];
      return layouts[other].axes[pair[other]].length === 0 ? [pair[own]] : [];
    });
    const read = [...summed].sort((a, b) => a[other] - b[other]).map((pair) => pair[own]);
    for (const axes of [written, read]) noteJointAxes(node, operands[own], axes, layouts[own], walk.jointAxes);
  }
}

/** What a sum over the neurons of each head leaves: one label per head, along the axes that all operands share, or that only one labels. */
export function headsLeft(
  walk: Propagation,
  ending: readonly (readonly Field[])[],
  summed: readonly Factor[],
): Field[] {
  const parts = ending.flat().filter((field) => field.factors.length > 1);
  const counting = (field: Field) => field.factors.filter((factor) => !summed.includes(factor));
  const shared = parts
    .map(counting)
    .reduce((own, others) => own.filter((factor) => others.includes(factor)), counting(parts[0] ?? NONE));
  return shared.length > 0 ? [walk.headField(shared, parts)] : [];
}

const NONE: Field = { factors: [], labels: new Int32Array(), zero: false };

/** A kernel with an axis for heads and one for neurons tells heads apart by labels of its own, which are not followed: all heads stay. */
function keepsHeads(a: Field, b: Field, node: Node, walk: Propagation): boolean {
  const [outer, inner] = a.factors.length >= b.factors.length ? [a, b] : [b, a];
  const perHead =
    inner.factors.length < outer.factors.length &&
    inner.factors.every((factor) => outer.factors.includes(factor)) &&
    !inner.factors.includes(outer.factors[outer.factors.length - 1]) &&
    !walk.isHeadField(inner);
  if (!perHead) return false;
  walk.freeze(inner, node, 'holds one number for several neurons');
  for (const factor of inner.factors)
    walk.keepWhole(outer, factor, node, 'is multiplied with a kernel that counts heads');
  return true;
}

function coupleSummed(
  node: Node,
  walk: Propagation,
  left: readonly Field[],
  right: readonly Field[],
  summed: readonly Factor[],
  between: boolean,
): void {
  for (const a of left) for (const b of right) if (!keepsHeads(a, b, node, walk)) walk.unify(a, b, node);
  for (const [own, others] of [
    [left, right],
    [right, left],
  ]) {
    for (const field of own) {
      if (walk.isHeadField(field)) walk.freeze(field, node, 'mixes heads');
      for (const factor of field.factors) {
        if (!summed.includes(factor)) continue;
        if (!others.some((other) => other.factors.includes(factor))) {
          walk.keepWhole(field, factor, node, FIXED);
        }
      }
      if (!between) continue;
      walk.mark(field, Mark.contracted);
      if (!field.zero && !others.some((other) => other.zero)) {
        walk.freeze(field, node, 'sums products of values that do not become zero with their weights');
      }
    }
  }
}

/**
 * Positions along a shared axis leave both operands or none: equal fields are coupled; where one operand has no labels, or
 * those of other factors too (one number per head beside neurons of heads), they stay. Where both end in the product, their heads are coupled.
 */
function coupleShared(
  node: Node,
  walk: Propagation,
  [a, b]: readonly Layout[],
  shared: ContractionSpec['shared'],
  ending: ReadonlySet<Field>,
): void {
  const factors = shared.flatMap(([left, right]) => a.axes[left].filter((factor) => b.axes[right].includes(factor)));
  for (const [own, other] of [
    [a, b],
    [b, a],
  ]) {
    for (const field of own.fields) {
      for (const factor of field.factors.filter((candidate) => factors.includes(candidate))) {
        const partners = fieldsOn(other, [factor]);
        if (partners.length === 0) walk.keepWhole(field, factor, node, FIXED);
        for (const partner of partners) {
          if (sameFactors(field, partner)) walk.unify(field, partner, node);
          else if (holds(walk, field, partner)) walk.unify(field, partner, node);
          else if (!holds(walk, partner, field) && !(ending.has(field) && ending.has(partner)))
            walk.keepWhole(field, factor, node, 'meets fewer or more numbers per position along this axis', partner);
        }
      }
    }
  }
}

/** Where all neurons of a head go together, they would leave the other operand without a partner: they leave with the whole head alone. */
function keepHeads(node: Node, walk: Propagation, layouts: readonly Layout[], shared: ContractionSpec['shared']): void {
  layouts.forEach(({ axes, fields }, operand) => {
    const counting = shared.flatMap((pair) => axes[pair[operand]]);
    for (const field of fields.filter(({ factors }) => factors.length > 1))
      for (const factor of field.factors.filter((own) => counting.includes(own)))
        walk.keepWhole(field, factor, node, 'has heads whose neurons all go together, so that they leave whole', true);
  });
}

/** Neurons of heads that meet the attention map: they are part of the heads there. */
function holds(walk: Propagation, heads: Field, neurons: Field): boolean {
  return walk.isHeadField(heads) && heads.factors.every((factor) => neurons.factors.includes(factor));
}

const FIXED = 'is multiplied with a value whose positions along this axis are not weights';

/** Without fields whose factors are all within another field (both operands of a product may bear the same labels). */
function dropCovered(fields: readonly Field[]): Field[] {
  return fields.filter(
    (field, at) =>
      !fields.some(
        (other, k) =>
          k !== at &&
          field.factors.every((factor) => other.factors.includes(factor)) &&
          (other.factors.length > field.factors.length || k < at),
      ),
  );
}

/** Which axes of two operands a product sums over, lets run along in both, and where those of its output come from. */
export type ProductAxes = Pick<ContractionSpec, 'summed' | 'shared' | 'output'>;

/** The axes of `a x b` by NumPy's matmul rules: the last axis of `a` meets the second last of `b`, axes before broadcast. */
export function matMulAxes(
  ranks: readonly [number, number],
  transposed: readonly [boolean, boolean] = [false, false],
): ProductAxes {
  const own = (operand: 0 | 1) =>
    ranks[operand] === 1 ? 0 : transposed[operand] === (operand === 0) ? ranks[operand] - 2 : ranks[operand] - 1;
  const summed = [own(0), own(1)] as const;
  const free = summed.map((axis, operand) => (ranks[operand] > 1 ? 2 * ranks[operand] - 3 - axis : -1));
  const batch = ranks.map((length) => Math.max(0, length - 2));
  const count = Math.max(batch[0], batch[1]);
  const shared: [number, number][] = [];
  const output: ContractionSpec['output'][number][] = [];
  for (let k = 0; k < count; k++) {
    const at = [batch[0] - count + k, batch[1] - count + k];
    if (at[0] >= 0 && at[1] >= 0) output.push({ shared: shared.push([at[0], at[1]]) - 1 });
    else output.push(at[0] >= 0 ? { operand: 0, axis: at[0] } : { operand: 1, axis: at[1] });
  }
  if (free[0] >= 0) output.push({ operand: 0, axis: free[0] });
  if (free[1] >= 0) output.push({ operand: 1, axis: free[1] });
  return { summed: [summed], shared, output };
}

/** Where an axis of a product comes from, with inputs behind the operands that broadcast to it (a bias). */
export function productAxis({ shared, output }: ProductAxes, axis: number, others: readonly number[] = []): OutputAxis {
  const source = output[axis];
  const own =
    'operand' in source
      ? [source.operand === 0 ? source.axis : -1, source.operand === 1 ? source.axis : -1]
      : shared[source.shared];
  return { inputs: [...own, ...others] };
}

/** Follows a product by NumPy's matmul rules. */
export function contractMatMul(
  node: Node,
  walk: Propagation,
  operands: readonly [number, number],
  transposed: readonly [boolean, boolean] = [false, false],
): void {
  const rank = (index: number) => walk.shape(node.inputs[index])?.length ?? 0;
  const axes = matMulAxes([rank(operands[0]), rank(operands[1])], transposed);
  const roles = operands.map((index, operand) =>
    Array.from({ length: rank(index) }, (_, axis): Role => {
      if (axis === axes.summed[0][operand]) return 'input';
      return axis >= rank(index) - 2 ? 'output' : 'elementwise';
    }),
  );
  const a = walk.input(node, operands[0], roles[0]);
  const b = walk.input(node, operands[1], roles[1]);
  if (!a || !b) {
    for (const layout of [a, b])
      walk.freezeAll(layout?.fields ?? [], node, 'is multiplied with a value of unknown shape');
    return walk.setOutput(node, 0);
  }
  walk.setOutput(node, 0, contract(node, walk, { operands, layouts: [a, b], ...axes }));
}

import type { Node } from '@snp/onnx';
import { Mark } from '../labels/labelStore.js';
import { type AxisGroup, alignAxes } from '../layout/align.js';
import type { Factor } from '../layout/factor.js';
import { type Field, fieldsOn, type Layout } from '../layout/layout.js';
import { noteJointAxes } from '../walk/jointAxes.js';
import type { Propagation } from '../walk/propagation.js';

/**
 * Whether the result is zero where operands are: `all` of them (sums), `any` (products), the `first` (quotients), or `none`. `branches`: both that the first
 * chooses between. `centring`: the second operand is the first one's mean, of what stays.
 */
export type Zeros = 'all' | 'any' | 'first' | 'none' | 'branches' | 'centring';

/** One operand of a pointwise combination. */
export interface Operand {
  layout: Layout;
  /** Depends on the model's inputs, unlike weights. */
  activation: boolean;
  /** Number of the node's input, where the operand is one as it is. */
  index?: number;
  /** A single zero. */
  zero?: boolean;
}

/**
 * Combines operands position by position, with broadcasting: equal positions share their labels, an operand of size one
 * along an axis is indifferent to it. Returns the layout of the result, or undefined if it could not be followed
 * (everything labelled is frozen then). `sum`: where two activations meet, they are summed, as on a residual stream.
 */
export function combine(
  node: Node,
  walk: Propagation,
  operands: readonly Operand[],
  zeros: Zeros,
  sum = false,
): Layout | undefined {
  const layouts = operands.map((operand) => operand.layout);
  const aligned = alignAxes(layouts, broadcastGroups(layouts));
  if (!aligned) {
    for (const layout of layouts)
      walk.freezeAll(layout.fields, node, 'combines axes that split into different factors');
    return undefined;
  }
  const activation = operands.map((operand) => operand.activation);
  const mark = sum && activation.filter(Boolean).length >= 2 ? Mark.summed : 0;
  noteAxesOfConstants(node, walk, operands, aligned);
  coupleFields(aligned, activation, node, walk, mark);
  const always = operands.map(({ zero }) => zero === true);
  return mergeLayouts(requireLabelsEverywhere(aligned, node, walk), zeros, always);
}

/** Axes of a constant that meet a field over all of them belong together. */
function noteAxesOfConstants(
  node: Node,
  walk: Propagation,
  operands: readonly Operand[],
  aligned: readonly Layout[],
): void {
  for (const [at, { activation, index }] of operands.entries()) {
    if (activation || index === undefined) continue;
    const { axes } = aligned[at];
    const fields = aligned.flatMap((layout, other) => (other === at ? [] : layout.fields));
    for (const { factors } of fields.filter((field) => field.factors.length > 1)) {
      const within = (axis: readonly Factor[]) => axis.length > 0 && axis.every((factor) => factors.includes(factor));
      const own = [...axes.keys()].filter((axis) => within(axes[axis]));
      own.sort((a, b) => factors.indexOf(axes[a][0]) - factors.indexOf(axes[b][0]));
      noteJointAxes(node, index, own, aligned[at], walk.jointAxes);
    }
  }
}

/** Axes of equal position counted from the right. */
function broadcastGroups(layouts: readonly Layout[]): AxisGroup[] {
  const rank = Math.max(...layouts.map((layout) => layout.axes.length));
  return Array.from({ length: rank }, (_, fromRight) =>
    layouts.flatMap((layout, at): [number, number][] => {
      const axis = layout.axes.length - 1 - fromRight;
      return axis >= 0 ? [[at, axis]] : [];
    }),
  );
}

/** Couples the fields of different operands that share a factor. */
function coupleFields(
  layouts: readonly Layout[],
  activation: readonly boolean[],
  node: Node,
  walk: Propagation,
  mark: number,
): void {
  layouts.forEach((layout, at) => {
    for (const field of layout.fields) {
      for (let to = at + 1; to < layouts.length; to++) {
        for (const partner of fieldsOn(layouts[to], field.factors)) {
          if (!nested(field, partner)) continue;
          const [outer, inner, constant] =
            field.factors.length >= partner.factors.length
              ? [field, partner, !activation[to]]
              : [partner, field, !activation[at]];
          // A constant with one number per head says nothing about single neurons of the head.
          if (constant && !inner.factors.includes(outer.factors[outer.factors.length - 1])) {
            walk.freeze(inner, node, 'holds one number for several neurons');
            for (const factor of inner.factors) walk.keepWhole(outer, factor, node, 'meets one number per head');
          } else {
            walk.unify(field, partner, node, mark);
          }
        }
      }
    }
  });
}

/** One field's factors are among the other's. Fields that merely cross (rows and columns of a matrix) stay apart. */
function nested(a: Field, b: Field): boolean {
  const [outer, inner] = a.factors.length >= b.factors.length ? [a, b] : [b, a];
  return inner.factors.every((factor) => outer.factors.includes(factor));
}

/**
 * A labelled factor that another operand has too, but without labels, cannot shrink. Fields of that factor alone end here:
 * what is fixed need not be followed.
 */
function requireLabelsEverywhere(layouts: readonly Layout[], node: Node, walk: Propagation): Layout[] {
  const unlabelled = new Set(layouts.flatMap(unlabelledFactors));
  const fixed = (factor: Factor) => unlabelled.has(factor);
  return layouts.map((layout) => {
    const fields = layout.fields.filter((field) => {
      for (const factor of field.factors.filter(fixed)) walk.keepWhole(field, factor, node, FIXED);
      return !(field.factors.length === 1 && fixed(field.factors[0]));
    });
    return { axes: layout.axes, fields };
  });
}

function unlabelledFactors({ axes, fields }: Layout): Factor[] {
  const labelled = new Set(fields.flatMap(({ factors }) => factors));
  return axes.flat().filter((factor) => !labelled.has(factor));
}

const FIXED = 'meets a value whose positions along this axis are not weights';

/** The output of a pointwise operator: every axis from the first operand that has it, and the widest fields. */
function mergeLayouts(layouts: readonly Layout[], zeros: Zeros, always: readonly boolean[]): Layout {
  const rank = Math.max(...layouts.map((layout) => layout.axes.length));
  const axes = Array.from({ length: rank }, (_, axis): readonly Factor[] => {
    const candidates = layouts.map((layout) => layout.axes[layout.axes.length - rank + axis] ?? []);
    return candidates.find((factors) => factors.length > 0) ?? [];
  });
  const all = layouts.flatMap((layout, operand) => layout.fields.map((field) => ({ field, operand })));
  const fields: Field[] = [];
  for (const { field } of all) {
    if (fields.some((other) => field.factors.every((factor) => other.factors.includes(factor)))) continue;
    const wider = all.some(
      ({ field: other }) =>
        other.factors.length > field.factors.length && field.factors.every((factor) => other.factors.includes(factor)),
    );
    if (wider) continue;
    fields.push({ ...field, ...zeroAfter(field, layouts, zeros, always) });
  }
  return { axes, fields };
}

/** How sure it is that a field is zero where its weights are: not at all, by a norm's mean over what stays, in any case. */
type Zero = 0 | 1 | 2;

function zeroAfter(
  field: Field,
  layouts: readonly Layout[],
  zeros: Zeros,
  always: readonly boolean[],
): Pick<Field, 'zero' | 'centred'> {
  const levels = layouts.map((layout, at): Zero | undefined => {
    if (always[at]) return 2;
    const within = layout.fields.filter((own) => own.factors.every((factor) => field.factors.includes(factor)));
    if (within.length === 0) return undefined;
    return Math.max(...within.map((own) => (own.zero ? (own.centred ? 1 : 2) : 0))) as Zero;
  });
  const level = zeroOf(levels, zeros);
  return { zero: level > 0, centred: level === 1 };
}

function zeroOf([first = 0, ...others]: readonly (Zero | undefined)[], zeros: Zeros): number {
  const known = others.map((level) => level ?? 0);
  switch (zeros) {
    case 'none':
      return 0;
    case 'all':
      return Math.min(first, ...known);
    case 'any':
      return Math.max(first, ...known);
    case 'branches':
      return Math.min(...known);
    case 'first':
      return known.some((level) => level > 0) ? 0 : first;
    case 'centring':
      // A mean over other axes is zero by itself.
      return others[0] === undefined ? Math.min(first, 1) : Math.min(first, others[0]);
  }
}

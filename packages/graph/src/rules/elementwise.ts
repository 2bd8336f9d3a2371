import type { Node } from '@snp/onnx';
import { Mark } from '../labels/labelStore.js';
import { type AxisGroup, alignAxes } from '../layout/align.js';
import type { Factor } from '../layout/factor.js';
import { type Field, fieldsOn, type Layout } from '../layout/layout.js';
import type { Propagation } from '../propagate/propagation.js';
import { isCentring } from './reduce.js';
import type { OperatorRule } from './rule.js';

/** Whether the result is zero where operands are: `all` of them (sums), `any` (products), the `first` (quotients), or `none`. */
export type Zeros = 'all' | 'any' | 'first' | 'none';

/** One operand of a pointwise combination. */
export interface Operand {
  layout: Layout;
  /** Depends on the model's inputs, unlike weights. */
  activation: boolean;
}

/** Couples the inputs of a pointwise operator with broadcasting and sets its output. */
function propagateElementwise(node: Node, walk: Propagation, inputs: readonly number[], zeros: Zeros): void {
  const operands: Operand[] = [];
  for (const index of inputs) {
    if (!node.inputs[index]) continue;
    const layout = walk.input(node, index);
    if (layout) operands.push({ layout, activation: walk.isActivation(node, index) });
    else {
      for (const other of inputs) walk.freezeInput(node, other, 'meets a value of unknown shape');
      return walk.setOutput(node, 0);
    }
  }
  const sum = node.opType === 'Add' || node.opType === 'Sub' || node.opType === 'Sum';
  // The mean of a norm is taken over what stays: what left stays zero when the mean is subtracted.
  walk.setOutput(node, 0, combine(node, walk, operands, isCentring(node) ? 'first' : zeros, sum));
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
  coupleFields(aligned, activation, node, walk, mark);
  return mergeLayouts(requireLabelsEverywhere(aligned, node, walk), zeros);
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
  const fixed = (factor: Factor) =>
    layouts.some((layout) => layout.axes.flat().includes(factor) && fieldsOn(layout, [factor]).length === 0);
  return layouts.map((layout) => {
    const fields = layout.fields.filter((field) => {
      for (const factor of field.factors.filter(fixed)) walk.keepWhole(field, factor, node, FIXED);
      return !(field.factors.length === 1 && fixed(field.factors[0]));
    });
    return { axes: layout.axes, fields };
  });
}

const FIXED = 'meets a value whose positions along this axis are not weights';

/** The output of a pointwise operator: every axis from the first operand that has it, and the widest fields. */
function mergeLayouts(layouts: readonly Layout[], zeros: Zeros): Layout {
  const rank = Math.max(...layouts.map((layout) => layout.axes.length));
  const axes = Array.from({ length: rank }, (_, axis): readonly Factor[] => {
    const candidates = layouts.map((layout) => layout.axes[layout.axes.length - rank + axis] ?? []);
    return candidates.find((factors) => factors.length > 0) ?? [];
  });
  const all = layouts.flatMap((layout, operand) => layout.fields.map((field) => ({ field, operand })));
  const fields: Field[] = [];
  for (const { field } of all) {
    const covered = fields.some((other) => field.factors.every((factor) => other.factors.includes(factor)));
    const wider = all.some(
      ({ field: other }) =>
        other.factors.length > field.factors.length && field.factors.every((factor) => other.factors.includes(factor)),
    );
    if (covered || wider) continue;
    fields.push({ ...field, zero: zeroAfter(field, layouts, zeros) });
  }
  return { axes, fields };
}

function zeroAfter(field: Field, layouts: readonly Layout[], zeros: Zeros): boolean {
  const zeroIn = (layout: Layout) =>
    layout.fields.some((own) => own.zero && own.factors.every((factor) => field.factors.includes(factor)));
  if (zeros === 'none') return false;
  if (zeros === 'first') return zeroIn(layouts[0]) && !layouts.slice(1).some(zeroIn);
  return zeros === 'all' ? layouts.every(zeroIn) : layouts.some(zeroIn);
}

/**
 * A rule for operators that work position by position on inputs that broadcast: equal positions are coupled.
 *
 * @param zeros When the result is zero: where `all` operands are (sums), `any` (products), the `first` (quotients), or `none`.
 */
export function pointwise(operators: readonly string[], zeros: Zeros, summary: string): OperatorRule {
  return {
    operators,
    summary,
    propagate: (node, walk) => propagateElementwise(node, walk, [...node.inputs.keys()], zeros),
  };
}

/** Pointwise operators of one main input: the others are scalars. */
function unary(operators: readonly string[], zeroToZero: boolean, summary: string): OperatorRule {
  return {
    operators,
    summary,
    propagate(node, walk) {
      propagateElementwise(node, walk, [0], zeroToZero ? 'any' : 'none');
      // The mask of Dropout.
      for (let output = 1; output < node.outputs.length; output++) walk.setOutput(node, output, walk.input(node, 0));
    },
  };
}

/** Pointwise operators that have no finite answer for zero. */
const needsOther: OperatorRule = {
  operators: ['Log', 'Reciprocal'],
  summary: 'positions stay, unless they become zero with their weights',
  propagate(node, walk) {
    const zeros = walk.input(node, 0)?.fields.filter(({ zero }) => zero) ?? [];
    walk.freezeAll(zeros, node, 'has no answer for values that become zero with their weights');
    propagateElementwise(node, walk, [0], 'none');
  },
};

/** Rules for pointwise operators with broadcasting. */
export const elementwiseRules: OperatorRule[] = [
  needsOther,
  pointwise(['Add', 'Sub', 'Sum', 'Max', 'Min', 'Mean'], 'all', 'equal positions are coupled'),
  pointwise(['Mul', 'And'], 'any', 'equal positions are coupled'),
  {
    operators: ['Div', 'Mod'],
    summary: 'equal positions are coupled, unless the divisor becomes zero with its weights',
    propagate(node, walk) {
      if (walk.isActivation(node, 1)) {
        const divisors = walk.input(node, 1)?.fields.filter(({ zero }) => zero) ?? [];
        walk.freezeAll(divisors, node, 'divides by values that become zero with their weights');
      }
      propagateElementwise(node, walk, [0, 1], 'first');
    },
  },
  pointwise(['PRelu'], 'first', 'equal positions are coupled'),
  pointwise(['Pow'], 'first', 'equal positions are coupled'),
  pointwise(
    ['Or', 'Xor', 'Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'BitShift'],
    'none',
    'equal positions are coupled',
  ),
  pointwise(['com.microsoft.BiasGelu'], 'all', 'equal positions are coupled'),
  {
    operators: ['Where'],
    summary: 'equal positions are coupled',
    propagate: (node, walk) => propagateElementwise(node, walk, [0, 1, 2], 'none'),
  },
  unary(
    [
      'Abs',
      'Asin',
      'Asinh',
      'Atan',
      'Atanh',
      'Ceil',
      'Celu',
      'Elu',
      'Erf',
      'Expm1',
      'Floor',
      'Gelu',
      'HardSwish',
      'Identity',
      'LeakyRelu',
      'Mish',
      'Neg',
      'Relu',
      'Round',
      'Selu',
      'Shrink',
      'Sign',
      'Sin',
      'Sinh',
      'Softsign',
      'Sqrt',
      'Swish',
      'Tan',
      'Tanh',
      'ThresholdedRelu',
      'Cast',
      'CastLike',
      'Dropout',
      'com.microsoft.FastGelu',
      'com.microsoft.QuickGelu',
      'com.microsoft.Gelu',
    ],
    true,
    'positions stay; zero stays zero',
  ),
  unary(
    ['Acos', 'Acosh', 'Clip', 'Cos', 'Cosh', 'Exp', 'HardSigmoid', 'IsInf', 'IsNaN', 'Not', 'Sigmoid', 'Softplus'],
    false,
    'positions stay; zero does not stay zero',
  ),
];

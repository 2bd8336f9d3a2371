import type { Node } from '@snp/onnx';
import type { Propagation } from '../walk/propagation.js';
import { combine, type Operand, type Zeros } from './combine.js';
import type { OperatorForm } from './form.js';
import { isCentring } from './norms.js';
import { pointwiseAxis } from './outputAxis.js';
import type { OperatorRule } from './rule.js';

/** Couples the inputs of a pointwise operator with broadcasting and sets its output. */
export function propagateElementwise(node: Node, walk: Propagation, inputs: readonly number[], zeros: Zeros): void {
  const operands: Operand[] = [];
  for (const index of inputs) {
    if (!node.inputs[index]) continue;
    const layout = walk.input(node, index);
    if (layout)
      operands.push({ layout, activation: walk.isActivation(node, index), index, zero: isZero(node.inputs[index]) });
    else {
      for (const other of inputs) walk.freezeInput(node, other, 'meets a value of unknown shape');
      return walk.setOutput(node, 0);
    }
  }
  const sum = node.opType === 'Add' || node.opType === 'Sub' || node.opType === 'Sum';
  walk.setOutput(node, 0, combine(node, walk, operands, isCentring(node, walk) ? 'centring' : zeros, sum));
}

/** True of a constant that is zero by itself, whatever leaves. */
function isZero(value: Node['inputs'][number]): boolean {
  return value?.tensor?.size === 1 && Number(value.tensor.numbers()[0]) === 0;
}

/**
 * A rule for operators that work position by position on inputs that broadcast: equal positions are coupled.
 *
 * @param operators The operators with their forms: how many inputs, which attributes.
 * @param zeros When the result is zero: where `all` operands are (sums), `any` (products), the `first` (quotients), both `branches` of a choice, or `none`.
 */
export function pointwise(
  operators: Readonly<Record<string, OperatorForm>>,
  zeros: Zeros,
  summary: string,
): OperatorRule {
  return {
    operators,
    summary,
    propagate: (node, walk) => propagateElementwise(node, walk, [...node.inputs.keys()], zeros),
    outputAxis: pointwiseAxis,
  };
}

const TWO: OperatorForm = { inputs: 2 };
const ANY_NUMBER: OperatorForm = { inputs: Number.POSITIVE_INFINITY };

/** Quotients and powers whose second operand makes them infinite where the first becomes zero with its weights. */
const powRule: OperatorRule = {
  operators: { Pow: TWO },
  summary: 'equal positions are coupled; exponents that are not positive keep positions that become zero',
  outputAxis: pointwiseAxis,
  propagate(node, walk) {
    const exponents = node.inputs[1]?.tensor;
    const signs = exponents?.size === 1 ? Math.sign(Number(exponents.numbers()[0])) : undefined;
    if (signs === -1 || signs === undefined) {
      const zeros = walk.input(node, 0)?.fields.filter(({ zero }) => zero) ?? [];
      walk.freezeAll(zeros, node, 'raises values that become zero with their weights to powers that may be negative');
    }
    propagateElementwise(node, walk, [0, 1], signs === 1 ? 'first' : 'none');
  },
};

const quotientRule: OperatorRule = {
  operators: { Div: TWO, Mod: { inputs: 2, attributes: { fmod: 'any' } } },
  summary: 'equal positions are coupled, unless the divisor becomes zero with its weights',
  outputAxis: pointwiseAxis,
  propagate(node, walk) {
    if (walk.isActivation(node, 1)) {
      const divisors = walk.input(node, 1)?.fields.filter(({ zero }) => zero) ?? [];
      walk.freezeAll(divisors, node, 'divides by values that become zero with their weights');
    }
    propagateElementwise(node, walk, [0, 1], 'first');
  },
};

/** Rules for pointwise operators with broadcasting. */
export const elementwiseRules: OperatorRule[] = [
  pointwise(
    { Add: TWO, Sub: TWO, Sum: ANY_NUMBER, Max: ANY_NUMBER, Min: ANY_NUMBER, Mean: ANY_NUMBER },
    'all',
    'equal positions are coupled',
  ),
  // A gated or biased activation of onnxruntime is zero where the sum that goes into it is.
  pointwise(
    { 'com.microsoft.BiasGelu': TWO, 'com.microsoft.FastGelu': TWO },
    'all',
    'equal positions are coupled, the bias too',
  ),
  pointwise({ Mul: TWO, And: TWO }, 'any', 'equal positions are coupled'),
  quotientRule,
  powRule,
  // Which branch is taken does not matter.
  pointwise({ Where: { inputs: 3 } }, 'branches', 'equal positions are coupled; zero where both branches are'),
  pointwise({ PRelu: { inputs: 2, versions: [7] } }, 'first', 'equal positions are coupled'),
  pointwise(
    {
      Or: TWO,
      Xor: TWO,
      Equal: TWO,
      Less: TWO,
      LessOrEqual: TWO,
      Greater: TWO,
      GreaterOrEqual: TWO,
      BitShift: { inputs: 2, attributes: { direction: 'any' } },
    },
    'none',
    'equal positions are coupled',
  ),
];

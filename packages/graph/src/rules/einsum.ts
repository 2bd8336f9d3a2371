import { ELLIPSIS, type Node, parseEinsum } from '@snp/onnx';
import type { Role } from '../labels/labelStore.js';
import { fieldsOn, type Layout } from '../layout/layout.js';
import type { Propagation } from '../walk/propagation.js';
import { contract, type ProductAxes } from './contraction.js';
import type { OutputAxis } from './outputAxis.js';
import type { OperatorRule } from './rule.js';

/** Einsum of one operand (an order of axes, or sums) and of two (a product). */
export const einsumRule: OperatorRule = {
  operators: { Einsum: { inputs: Number.POSITIVE_INFINITY, attributes: { equation: 'any' } } },
  summary: 'letters that only operands have are summed and couple them; all others travel on',
  propagate(node, walk) {
    const letters = lettersOf(node, walk);
    const result =
      letters && (letters.inputs.length === 1 ? rearrange(node, walk, letters) : multiply(node, walk, letters));
    if (!result) {
      node.inputs.forEach((_, index) => {
        walk.freezeInput(node, index, 'sums products in a way that is not followed');
      });
    }
    walk.setOutput(node, 0, result);
  },
  outputAxis(node, axis, walk): OutputAxis | undefined {
    const letters = lettersOf(node, walk);
    return letters && { inputs: letters.inputs.map((own) => own.indexOf(letters.output[axis])) };
  },
};

/** One name per axis of every operand and of the output. */
interface Letters {
  inputs: readonly (readonly string[])[];
  output: readonly string[];
}

/** The equation's letters with the ellipsis spelled out; undefined for diagonals, more than two operands and unknown ranks. */
function lettersOf(node: Node, walk: Propagation): Letters | undefined {
  const equation = parseEinsum(node.string('equation', '')!);
  if (!equation || equation.inputs.length !== node.inputs.length || equation.inputs.length > 2) return undefined;
  let between = 0;
  const spread = (letters: readonly string[], count: number) =>
    // Numbered from the right, as broadcasting aligns them.
    letters.flatMap((letter) =>
      letter === ELLIPSIS ? Array.from({ length: count }, (_, i) => `${ELLIPSIS}${count - i}`) : [letter],
    );
  const inputs: string[][] = [];
  for (const [index, letters] of equation.inputs.entries()) {
    const rank = walk.shape(node.inputs[index])?.length;
    if (rank === undefined) return undefined;
    const count = letters.includes(ELLIPSIS) ? rank - letters.length + 1 : 0;
    between = Math.max(between, count);
    inputs.push(spread(letters, count));
  }
  const output = spread(equation.output, between);
  const repeats = [...inputs, output].some((letters) => new Set(letters).size < letters.length);
  return repeats ? undefined : { inputs, output };
}

function rearrange(node: Node, walk: Propagation, { inputs: [letters], output }: Letters): Layout | undefined {
  const x = walk.input(node, 0);
  if (!x) return undefined;
  const gone = letters.flatMap((letter, axis) => (output.includes(letter) ? [] : x.axes[axis]));
  const ending = fieldsOn(x, gone);
  if (ending.some((field) => !field.zero)) return undefined;
  const axes = output.map((letter) => x.axes[letters.indexOf(letter)]);
  return { axes, fields: x.fields.filter((field) => !ending.includes(field)) };
}

function multiply(node: Node, walk: Propagation, { inputs: [left, right], output }: Letters): Layout | undefined {
  const roles = (own: readonly string[], other: readonly string[]) =>
    own.map((letter): Role => (!other.includes(letter) ? 'output' : output.includes(letter) ? 'elementwise' : 'input'));
  const a = walk.input(node, 0, roles(left, right));
  const b = walk.input(node, 1, roles(right, left));
  // An axis of one operand alone that is summed over says nothing about the other.
  const alone = [...left, ...right].some(
    (letter) => left.includes(letter) !== right.includes(letter) && !output.includes(letter),
  );
  if (!a || !b || alone) return undefined;
  const pair = (letter: string) => [left.indexOf(letter), right.indexOf(letter)] as const;
  const both = left.filter((letter) => right.includes(letter));
  const shared = both.filter((letter) => output.includes(letter));
  const axes: ProductAxes = {
    summed: both.filter((letter) => !output.includes(letter)).map(pair),
    shared: shared.map(pair),
    output: output.map((letter) => {
      if (shared.includes(letter)) return { shared: shared.indexOf(letter) };
      return left.includes(letter)
        ? { operand: 0, axis: left.indexOf(letter) }
        : { operand: 1, axis: right.indexOf(letter) };
    }),
  };
  return contract(node, walk, { operands: [0, 1], layouts: [a, b], ...axes });
}

import { broadcastShapes } from './broadcast.js';
import type { Dim } from './dim.js';

/** An einsum equation by its labels: one letter per dimension, '...' for the dimensions in between. */
export interface EinsumEquation {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/** Stands for the dimensions that an operand's letters leave. */
export const ELLIPSIS = '...';

/** Takes an equation such as `bhqd,bhkd->bhqk` apart; undefined if it is none. */
export function parseEinsum(equation: string): EinsumEquation | undefined {
  const [left, right, more] = equation.replaceAll(' ', '').split('->');
  if (!left || more !== undefined) return undefined;
  const inputs = left.split(',').map(labelsOf);
  const output = right === undefined ? implicitOutput(inputs) : labelsOf(right);
  const valid = [...inputs, output].every((labels) =>
    labels.every((label) => label === ELLIPSIS || /^[A-Za-z]$/.test(label)),
  );
  return valid ? { inputs, output } : undefined;
}

function labelsOf(operand: string): string[] {
  return operand.match(/\.\.\.|./g) ?? [];
}

/** Without an arrow: the ellipsis, then the letters that occur once, in alphabetical order. */
function implicitOutput(inputs: readonly (readonly string[])[]): string[] {
  const all = inputs.flat();
  const letters = [...new Set(all)].filter((label) => label !== ELLIPSIS);
  const single = letters.filter((label) => all.indexOf(label) === all.lastIndexOf(label)).sort();
  return all.includes(ELLIPSIS) ? [ELLIPSIS, ...single] : single;
}

/** The dimensions behind each label: one for a letter, any number for the ellipsis. */
export function einsumDims(
  equation: EinsumEquation,
  shapes: readonly (readonly Dim[])[],
): Map<string, (Dim | undefined)[]> {
  const dims = new Map<string, (Dim | undefined)[]>();
  for (const [index, labels] of equation.inputs.entries()) {
    const shape = shapes[index] ?? [];
    const width = shape.length - labels.filter((label) => label !== ELLIPSIS).length;
    let axis = 0;
    for (const label of labels) {
      const length = label === ELLIPSIS ? width : 1;
      const own = shape.slice(axis, axis + length);
      const known = dims.get(label) as Dim[] | undefined;
      dims.set(label, known ? (broadcastShapes([known, own]) ?? own) : own);
      axis += length;
    }
  }
  return dims;
}

/** The output shape for operands of these shapes. */
export function einsumShape(equation: EinsumEquation, shapes: readonly (readonly Dim[])[]): (Dim | undefined)[] {
  const dims = einsumDims(equation, shapes);
  return equation.output.flatMap((label) => dims.get(label) ?? [undefined]);
}

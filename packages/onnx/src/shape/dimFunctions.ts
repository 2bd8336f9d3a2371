import { SnpError } from '../errors.js';
import {
  addDims,
  collect,
  type Dim,
  type DimSymbol,
  type DimTerm,
  dimsEqual,
  divideDims,
  expressionDim,
  mulDims,
  subDims,
  termsOf,
} from './dim.js';

/**
 * floor(a / b). What divides evenly is taken out of the floor, so that `floor((12*batch+7)/12)` is `batch`. A symbolic b
 * is taken as not zero; b = 0 gives Infinity or NaN as in JavaScript.
 */
export function floorDivDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return Math.floor(a / b);
  const exact = divideDims(a, b);
  if (exact !== undefined) return exact;
  if (typeof b !== 'number') return expressionDim({ operation: 'floor', left: a, right: b });
  if (b < 0) return floorDivDims(subDims(0, a), -b);
  const whole: DimTerm[] = [];
  const rest: DimTerm[] = [];
  for (const term of termsOf(a)) {
    const { coefficient, factors } = term;
    // The constant is brought into 0..b-1; symbols keep their sign, so that bounds stay tight.
    const quotient = factors.length === 0 ? Math.floor(coefficient / b) : Math.trunc(coefficient / b);
    whole.push({ coefficient: quotient, factors });
    rest.push({ coefficient: coefficient - quotient * b, factors });
  }
  return addDims(collect(whole), floorOfRest(collect(rest), b));
}

function floorOfRest(rest: Dim, divisor: number): Dim {
  if (typeof rest === 'number') return Math.floor(rest / divisor);
  const shared = rest.terms.reduce((found, term) => gcd(found, Math.abs(term.coefficient)), divisor);
  const left = divideDims(rest, shared)!;
  return expressionDim({ operation: 'floor', left, right: divisor / shared });
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** ceil(a / b), as -floor(-a / b). */
export function ceilDivDims(a: Dim, b: Dim): Dim {
  return subDims(0, floorDivDims(subDims(0, a), b));
}

/** a - b * floor(a / b): the remainder with the sign of b. */
export function modDims(a: Dim, b: Dim): Dim {
  return subDims(a, mulDims(b, floorDivDims(a, b)));
}

/** The smaller one. `smallest` as in `boundsOf`. */
export function minDims(a: Dim, b: Dim, smallest: 0 | 1 = 0): Dim {
  return extreme('min', a, b, smallest);
}

/** The larger one. `smallest` as in `boundsOf`. */
export function maxDims(a: Dim, b: Dim, smallest: 0 | 1 = 0): Dim {
  return extreme('max', a, b, smallest);
}

function extreme(operation: 'min' | 'max', a: Dim, b: Dim, smallest: 0 | 1): Dim {
  if (typeof a === 'number' && typeof b === 'number') return Math[operation](a, b);
  if (dimsEqual(a, b)) return a;
  const [low, high] = boundsOf(subDims(a, b), smallest);
  if (low >= 0) return operation === 'max' ? a : b;
  if (high <= 0) return operation === 'max' ? b : a;
  const [left, right] = String(a) < String(b) ? [a, b] : [b, a];
  return expressionDim({ operation, left, right });
}

/** The interval a dimension lies in, if every size is at least `smallest` (0: tensors may be empty). */
export function boundsOf(dim: Dim, smallest: 0 | 1 = 0): [low: number, high: number] {
  let low = 0;
  let high = 0;
  for (const { coefficient, factors } of termsOf(dim)) {
    const [from, to] = factors.map((factor) => symbolBounds(factor, smallest)).reduce(timesInterval, [1, 1]);
    low += coefficient * (coefficient > 0 ? from : to);
    high += coefficient * (coefficient > 0 ? to : from);
  }
  return [low, high];
}

function symbolBounds(factor: DimSymbol, smallest: 0 | 1): [number, number] {
  if (factor.kind === 'data') return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (!factor.expression) return [smallest, Number.POSITIVE_INFINITY];
  const { operation, left, right } = factor.expression;
  const [low, high] = boundsOf(left, smallest);
  if (operation === 'floor') {
    if (typeof right === 'number') return [Math.floor(low / right), Math.floor(high / right)];
    const positive = low >= 0 && boundsOf(right, 1)[0] > 0;
    return [positive ? 0 : Number.NEGATIVE_INFINITY, positive ? high : Number.POSITIVE_INFINITY];
  }
  const [otherLow, otherHigh] = boundsOf(right, smallest);
  return [Math[operation](low, otherLow), Math[operation](high, otherHigh)];
}

function timesInterval(a: [number, number], b: [number, number]): [number, number] {
  const ends = [a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]].map((end) => (Number.isNaN(end) ? 0 : end));
  return [Math.min(...ends), Math.max(...ends)];
}

/**
 * The size a dimension has for given values of its symbols.
 *
 * @throws SnpError `invalid-argument` naming a symbol that has no value
 * @example evaluateDim(mulDims(12, symbol('batch')), { batch: 2 }) // 24
 */
export function evaluateDim(dim: Dim, values: Readonly<Record<string, number>>): number {
  let sum = 0;
  for (const { coefficient, factors } of termsOf(dim)) {
    sum += factors.reduce((product, factor) => product * evaluateSymbol(factor, values), coefficient);
  }
  return sum;
}

function evaluateSymbol(factor: DimSymbol, values: Readonly<Record<string, number>>): number {
  if (!factor.expression) {
    const value = values[factor.name];
    if (value !== undefined) return value;
    const given = Object.keys(values).join(', ') || 'none';
    throw new SnpError('invalid-argument', `The dimension '${factor.name}' has no value. Values given: ${given}.`);
  }
  const left = evaluateDim(factor.expression.left, values);
  const right = evaluateDim(factor.expression.right, values);
  const { operation } = factor.expression;
  return operation === 'floor' ? Math.floor(left / right) : Math[operation](left, right);
}

/** The symbols a dimension depends on, those inside floor, min and max included; each once. */
export function symbolsOf(dim: Dim): DimSymbol[] {
  const found = new Map<string, DimSymbol>();
  const visit = (part: Dim) => {
    for (const { factors } of termsOf(part)) {
      for (const factor of factors) {
        if (!factor.expression) found.set(factor.name, factor);
        else {
          visit(factor.expression.left);
          visit(factor.expression.right);
        }
      }
    }
  };
  visit(dim);
  return [...found.values()];
}

/** Whether a dimension is a number or depends on named sizes only: nothing in it is unknown. */
export function isKnownDim(dim: Dim): boolean {
  return typeof dim === 'number' || symbolsOf(dim).every((found) => found.kind === 'size');
}

import { SnpError } from '../errors.js';

/**
 * A dimension: a size, or an integer polynomial over named symbols such as `12*batch` or `seq+1`. Numbers and
 * polynomials never mean the same: a polynomial without symbols is always given as a number.
 */
export type Dim = number | SymbolicDim;

/** What floor, min and max of symbolic dims are kept as, so that they can be evaluated later. */
export interface DimExpression {
  readonly operation: 'floor' | 'min' | 'max';
  /** For `floor`: the dividend. */
  readonly left: Dim;
  /** For `floor`: the divisor. */
  readonly right: Dim;
}

/** A variable of the polynomials. Two symbols are the same if their names are. */
export interface DimSymbol {
  readonly name: string;
  /**
   * - `size`: a named dimension of a graph input, not negative
   * - `unknown`: a size that could not be inferred, not negative
   * - `data`: an element of an integer tensor about which nothing is known; may be negative
   * - `expression`: see `expression`
   */
  readonly kind: 'size' | 'unknown' | 'data' | 'expression';
  readonly expression?: DimExpression;
}

/** `coefficient` times the product of `factors`, which are sorted by name and repeat for powers. */
export interface DimTerm {
  readonly coefficient: number;
  readonly factors: readonly DimSymbol[];
}

/** An immutable integer polynomial over symbols. Its terms are sorted, so equal polynomials have equal keys. */
export class SymbolicDim {
  /** Canonical text, as `12*batch` or `seq+1`. */
  readonly key: string;

  /** @internal Use `symbol` and the arithmetic functions. */
  constructor(
    /** Highest degree first; no zero coefficients, no two terms with the same factors. */
    readonly terms: readonly DimTerm[],
  ) {
    this.key = terms.map(formatTerm).join('').replace(/^\+/, '');
  }

  toString(): string {
    return this.key;
  }
}

/** The dimension `name`; kind defaults to `size`. */
export function symbol(name: string, kind: 'size' | 'unknown' | 'data' = 'size'): SymbolicDim {
  return new SymbolicDim([{ coefficient: 1, factors: [{ name, kind }] }]);
}

/** The dimension that stands for a floor, min or max that has no polynomial form. */
export function expressionDim(expression: DimExpression): SymbolicDim {
  const { operation, left, right } = expression;
  const name = operation === 'floor' ? `floor((${left})/(${right}))` : `${operation}(${left},${right})`;
  return new SymbolicDim([{ coefficient: 1, factors: [{ name, kind: 'expression', expression }] }]);
}

const ATOM = /^(\d+|[A-Za-z_][\w.]*)$/;

/** The dimension a file's `dim_param` stands for: sums and products such as `past+seq` are taken apart. */
export function parseDim(text: string): Dim {
  const terms = text.split('+').map((term) => term.split('*').map((part) => part.trim()));
  if (!terms.flat().every((part) => ATOM.test(part))) return symbol(text);
  return terms.map((parts) => productOf(parts.map(parseAtom))).reduce<Dim>(addDims, 0);
}

function parseAtom(text: string): Dim {
  return /^\d/.test(text) ? Number(text) : symbol(text);
}

/** a + b. */
export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  return collect([...termsOf(a), ...termsOf(b)]);
}

/** a - b. */
export function subDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return collect([...termsOf(a), ...termsOf(b).map(negated)]);
}

/** Products of polynomials with more terms than this are refused: real shapes have a handful. */
const MOST_TERMS = 1000;

/**
 * a * b.
 *
 * @throws SnpError `limit` if the product would have thousands of terms
 */
export function mulDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  if (a === 1) return b;
  if (b === 1) return a;
  const right = termsOf(b);
  if (termsOf(a).length * right.length > MOST_TERMS) {
    throw new SnpError('limit', 'A product of dimensions has too many terms. Give the inputs fixed shapes.');
  }
  return collect(termsOf(a).flatMap((term) => right.map((other) => timesTerm(term, other))));
}

/** a / b where it leaves no remainder for any values of the symbols, else undefined. A symbolic b is taken as not zero. */
export function divideDims(a: Dim, b: Dim): Dim | undefined {
  if (b === 0) return undefined;
  if (typeof a === 'number' && typeof b === 'number') return a % b === 0 ? a / b : undefined;
  if (dimsEqual(a, b)) return 1;
  const divisor = termsOf(b);
  const quotient: DimTerm[] = [];
  let rest = a;
  while (rest !== 0) {
    const next = divideTerm(termsOf(rest)[0], divisor[0]);
    if (!next) return undefined;
    quotient.push(next);
    rest = subDims(rest, collect(divisor.map((term) => timesTerm(term, next))));
  }
  return collect(quotient);
}

/** Whether both are the same number or the same polynomial. Undefined equals nothing. */
export function dimsEqual(a: Dim | undefined, b: Dim | undefined): boolean {
  if (a === b) return a !== undefined;
  return a instanceof SymbolicDim && b instanceof SymbolicDim && a.key === b.key;
}

/** The product of all, 1 for none: the number of elements of a shape. */
export function productOf(dims: readonly Dim[]): Dim {
  return dims.reduce<Dim>(mulDims, 1);
}

/** Text for messages, as `12*batch+1`. */
export function formatDim(dim: Dim): string {
  return String(dim);
}

/** The dims as numbers, or undefined if one of them is symbolic. */
export function staticDims(dims: readonly (Dim | undefined)[] | undefined): number[] | undefined {
  return dims?.every((dim) => typeof dim === 'number') ? [...(dims as readonly number[])] : undefined;
}

/** The terms of a dimension, highest degree first; none for 0. */
export function termsOf(dim: Dim): readonly DimTerm[] {
  if (typeof dim !== 'number') return dim.terms;
  return dim === 0 ? [] : [{ coefficient: dim, factors: [] }];
}

/** Adds up terms into a dimension. @internal */
export function collect(terms: readonly DimTerm[]): Dim {
  const sorted = [...terms].sort(compareTerms);
  const merged: DimTerm[] = [];
  for (const term of sorted) {
    const last = merged.at(-1);
    if (last && compareTerms(last, term) === 0) {
      merged[merged.length - 1] = { coefficient: last.coefficient + term.coefficient, factors: last.factors };
    } else merged.push(term);
  }
  const kept = merged.filter((term) => term.coefficient !== 0);
  if (kept.length === 0) return 0;
  if (kept.length === 1 && kept[0].factors.length === 0) return kept[0].coefficient;
  return new SymbolicDim(kept);
}

/** Degree first, then alphabetically: an order that multiplication keeps, as long division needs it. */
function compareTerms(a: DimTerm, b: DimTerm): number {
  if (a.factors.length !== b.factors.length) return b.factors.length - a.factors.length;
  for (const [index, { name }] of a.factors.entries()) {
    const other = b.factors[index].name;
    if (name !== other) return name < other ? -1 : 1;
  }
  return 0;
}

function negated(term: DimTerm): DimTerm {
  return { coefficient: -term.coefficient, factors: term.factors };
}

function timesTerm(a: DimTerm, b: DimTerm): DimTerm {
  const factors = [...a.factors, ...b.factors].sort((x, y) => (x.name < y.name ? -1 : x.name > y.name ? 1 : 0));
  return { coefficient: a.coefficient * b.coefficient, factors };
}

function divideTerm(a: DimTerm, b: DimTerm): DimTerm | undefined {
  if (a.coefficient % b.coefficient !== 0) return undefined;
  const factors = [...a.factors];
  for (const { name } of b.factors) {
    const at = factors.findIndex((factor) => factor.name === name);
    if (at < 0) return undefined;
    factors.splice(at, 1);
  }
  return { coefficient: a.coefficient / b.coefficient, factors };
}

function formatTerm({ coefficient, factors }: DimTerm): string {
  const sign = coefficient < 0 ? '-' : '+';
  const size = Math.abs(coefficient);
  const names = factors.map((factor) => factor.name);
  return sign + (size === 1 && names.length > 0 ? names : [size, ...names]).join('*');
}

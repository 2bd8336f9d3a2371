import { type DataType, isFloatType } from '../tensor/dataType.js';
import { bfloat16ToFloat, float16ToFloat, floatToBfloat16, floatToFloat16 } from '../tensor/halfFloat.js';
import { addDims, type Dim, divideDims, mulDims, subDims } from './dim.js';
import { boundsOf, floorDivDims, maxDims, minDims, modDims } from './dimFunctions.js';

/**
 * One element of a tensor whose content is followed: a number (0 and 1 for BOOL), a polynomial, or undefined where
 * nothing is known.
 */
export type Element = Dim | undefined;

const INTEGER_RANGES: Partial<Record<DataType, readonly [number, number]>> = {
  BOOL: [0, 1],
  UINT8: [0, 255],
  INT8: [-128, 127],
  UINT16: [0, 65535],
  INT16: [-32768, 32767],
  INT32: [-(2 ** 31), 2 ** 31 - 1],
  UINT32: [0, 2 ** 32 - 1],
  INT64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  UINT64: [0, Number.MAX_SAFE_INTEGER],
};

/**
 * `value` as a tensor of `type` stores it: rounded for floating point, undefined where an integer type cannot hold it
 * or a JavaScript number would not be exact.
 */
export function storedAs(value: number | undefined, type: DataType | undefined): number | undefined {
  if (value === undefined || type === undefined) return undefined;
  if (type === 'FLOAT') return Math.fround(value);
  if (type === 'DOUBLE') return value;
  if (type === 'FLOAT16') return float16ToFloat(floatToFloat16(value));
  if (type === 'BFLOAT16') return bfloat16ToFloat(floatToBfloat16(value));
  const range = INTEGER_RANGES[type];
  // Adding 0 turns -0 into 0.
  return range && Number.isInteger(value) && value >= range[0] && value <= range[1] ? value + 0 : undefined;
}

/** Integer arithmetic by operator, exact for numbers; undefined where the operator itself has no defined result. */
const INTEGER: Record<string, (a: number, b: number) => number | undefined> = {
  Div: (a, b) => (b === 0 ? undefined : Math.trunc(a / b)),
  Mod: (a, b) => (b === 0 ? undefined : a - b * Math.floor(a / b)),
  Pow: (a, b) => (b < 0 ? undefined : a ** b),
};

/** Operators that IEEE 754 defines exactly, so that rounding the double result once gives the runtime's result. */
const NUMBER: Record<string, (a: number, b: number) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Max: Math.max,
  Min: Math.min,
};

const COMPARISON: Record<string, (a: number, b: number) => boolean> = {
  Equal: (a, b) => a === b,
  Less: (a, b) => a < b,
  LessOrEqual: (a, b) => a <= b,
  Greater: (a, b) => a > b,
  GreaterOrEqual: (a, b) => a >= b,
  And: (a, b) => a !== 0 && b !== 0,
  Or: (a, b) => a !== 0 || b !== 0,
  Xor: (a, b) => (a !== 0) !== (b !== 0),
};

const SYMBOLIC: Record<string, (a: Dim, b: Dim) => Element> = {
  Add: addDims,
  Sub: subDims,
  Mul: mulDims,
  Max: (a, b) => maxDims(a, b),
  Min: (a, b) => minDims(a, b),
  Div: truncatedQuotient,
  Mod: (a, b) => (boundsOf(b)[0] > 0 || typeof b !== 'number' ? modDims(a, b) : undefined),
};

/** Names of the two-input operators whose content can be followed. */
export const FOLLOWED_BINARY: ReadonlySet<string> = new Set([
  ...Object.keys(NUMBER),
  ...Object.keys(INTEGER),
  ...Object.keys(COMPARISON),
]);

/** The result of the two-input operator `op` on inputs of `type`, element by element. */
export function binaryElement(op: string, type: DataType | undefined, a: Element, b: Element): Element {
  if (a === undefined || b === undefined) return shortCircuit(op, a, b);
  if (typeof a === 'number' && typeof b === 'number') return binaryNumber(op, type, a, b);
  if (op in COMPARISON) return comparedBounds(op, a, b);
  if (isFloatType(type)) return symbolicFloat(op, a, b);
  return isWhole(a) && isWhole(b) ? SYMBOLIC[op]?.(a, b) : undefined;
}

function binaryNumber(op: string, type: DataType | undefined, a: number, b: number): Element {
  const compare = COMPARISON[op];
  if (compare) return comparable(type, a, b) ? Number(compare(a, b)) : undefined;
  if (isFloatType(type)) {
    // Runtimes differ in which zero, or which of a number and NaN, is the larger one.
    const unclear = Number.isNaN(a) || Number.isNaN(b) || (a === b && !Object.is(a, b));
    if ((op === 'Max' || op === 'Min') && unclear) return undefined;
    return storedAs(op === 'Pow' ? exactRoot(a, b) : NUMBER[op]?.(a, b), type);
  }
  // Whole numbers beyond 2^53 are known roughly: what is computed from them may look exact and be wrong.
  if (!Number.isSafeInteger(a) || !Number.isSafeInteger(b)) return undefined;
  return storedAs((INTEGER[op] ?? NUMBER[op])?.(a, b), type);
}

/** The side of a square of so many places, which exporters compute as a power: runtimes round powers, but not one that is a small whole number. */
function exactRoot(a: number, exponent: number): number | undefined {
  const root = Math.round(Math.sqrt(a));
  return exponent === 0.5 && a >= 0 && root < 2 ** 11 && root * root === a && !Object.is(a, -0) ? root : undefined;
}

/** Two whole numbers beyond 2^53 may differ though they look equal. */
function comparable(type: DataType | undefined, a: number, b: number): boolean {
  return isFloatType(type) || a !== b || Number.isSafeInteger(a);
}

/** And with false, Or with true: known whatever the other side is. */
function shortCircuit(op: string, a: Element, b: Element): Element {
  if (op === 'And' && (a === 0 || b === 0)) return 0;
  if (op === 'Or' && (a === 1 || b === 1)) return 1;
  return undefined;
}

/** Sizes converted to floating point stay exact as long as the result is a polynomial with whole coefficients. */
function symbolicFloat(op: string, a: Dim, b: Dim): Element {
  if (!isWhole(a) || !isWhole(b)) return undefined;
  if (op === 'Div') return divideDims(a, b);
  return op === 'Mod' ? undefined : SYMBOLIC[op]?.(a, b);
}

/** Integer division rounds towards zero, which is floor where neither side is negative. */
function truncatedQuotient(a: Dim, b: Dim): Element {
  const exact = divideDims(a, b);
  if (exact !== undefined) return exact;
  return boundsOf(a)[0] >= 0 && boundsOf(b, 1)[0] > 0 ? floorDivDims(a, b) : undefined;
}

function comparedBounds(op: string, a: Dim, b: Dim): Element {
  if (op === 'And' || op === 'Or' || op === 'Xor' || !isWhole(a) || !isWhole(b)) return undefined;
  const [low, high] = boundsOf(subDims(a, b));
  const signs = [-1, 0, 1].filter((sign) => (sign < 0 ? low < 0 : sign > 0 ? high > 0 : low <= 0 && high >= 0));
  const results = new Set(signs.map((sign) => Number(COMPARISON[op](sign, 0))));
  return results.size === 1 ? [...results][0] : undefined;
}

const UNARY: Record<string, (value: number) => number> = {
  Identity: (value) => value,
  Neg: (value) => -value,
  Abs: Math.abs,
  Sign: Math.sign,
  Floor: Math.floor,
  Ceil: Math.ceil,
  Round: roundHalfToEven,
  Sqrt: Math.sqrt,
  Reciprocal: (value) => 1 / value,
  Not: (value) => Number(value === 0),
  Relu: (value) => Math.max(value, 0),
};

/** Names of the one-input operators whose content can be followed. */
export const FOLLOWED_UNARY: ReadonlySet<string> = new Set(Object.keys(UNARY));

/** The result of the one-input operator `op` on an element of `type`. */
export function unaryElement(op: string, type: DataType | undefined, a: Element): Element {
  if (a === undefined) return undefined;
  if (typeof a === 'number') {
    if (op === 'Identity') return a;
    // Runtimes differ in the sign of such zeros.
    if ((op === 'Relu' || op === 'Sign') && Object.is(a, -0)) return undefined;
    return Number.isNaN(a) ? undefined : storedAs(UNARY[op]?.(a), type);
  }
  if (op === 'Neg') return subDims(0, a);
  if (op === 'Abs' || op === 'Relu') return boundsOf(a)[0] >= 0 ? a : undefined;
  return op === 'Identity' || op === 'Floor' || op === 'Ceil' || op === 'Round' ? a : undefined;
}

/** Types that hold any size that a dimension has in practice. Half precision does not: it ends at 2,048. */
const WIDE_TYPES: ReadonlySet<DataType> = new Set(['INT32', 'INT64', 'FLOAT', 'DOUBLE']);

/** An element converted as by Cast. Conversions the specification leaves undefined (out of range, NaN) are not known. */
export function castElement(a: Element, from: DataType | undefined, to: DataType | undefined): Element {
  if (a === undefined || from === undefined || to === undefined) return undefined;
  if (to === 'BOOL') return typeof a === 'number' ? Number(a !== 0) : boundsOf(a)[0] > 0 ? 1 : undefined;
  if (typeof a !== 'number') return WIDE_TYPES.has(to) ? a : undefined;
  if (!isFloatType(from) && !Number.isSafeInteger(a)) return undefined;
  // Runtimes convert to half precision through float: two roundings, known here only where the first one is exact.
  if ((to === 'FLOAT16' || to === 'BFLOAT16') && Math.fround(a) !== a) return undefined;
  return storedAs(isFloatType(from) && !isFloatType(to) ? Math.trunc(a) : a, to);
}

function isWhole(dim: Dim): boolean {
  return typeof dim !== 'number' || Number.isSafeInteger(dim);
}

/** A negative number that rounds to zero gives -0, as in IEEE 754. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
  return rounded === 0 && (value < 0 || Object.is(value, -0)) ? -0 : rounded;
}

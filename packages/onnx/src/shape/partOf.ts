import { addDims, collect, type Dim, type DimExpression, type DimTerm, dimsEqual, subDims, termsOf } from './dim.js';
import { boundsOf } from './dimFunctions.js';

/**
 * Whether `part` never exceeds `whole`, as the length of a mask that was cut to a sequence (`min(1024, seq)`) or to the end of
 * one (`max(min(1024, past+seq)-min(1024, past), 0)`) does not. False where that is not plain to see.
 */
export function isPartOf(part: Dim, whole: Dim): boolean {
  const bound = withoutMinima(clippedFrom(part, whole));
  return bound.some((upper) => boundsOf(subDims(whole, upper))[0] >= 0);
}

/** `x` of `max(x, 0)`, if `whole` is not negative: the zero is no more than it then. */
function clippedFrom(part: Dim, whole: Dim): Dim {
  const expression = soleExpression(part);
  if (expression?.operation !== 'max' || boundsOf(whole)[0] < 0) return part;
  if (expression.left === 0) return expression.right;
  return expression.right === 0 ? expression.left : part;
}

function soleExpression(dim: Dim): DimExpression | undefined {
  const [only, ...more] = termsOf(dim);
  return only && more.length === 0 && only.coefficient === 1 ? expressionOf(only) : undefined;
}

function expressionOf({ factors }: DimTerm): DimExpression | undefined {
  return factors.length === 1 ? factors[0].expression : undefined;
}

/** Upper bounds of a dimension, with its minima replaced by either side, and differences of minima by those of what they compare. */
function withoutMinima(dim: Dim): Dim[] {
  const whole = soleExpression(dim);
  if (whole?.operation === 'min') return [...withoutMinima(whole.left), ...withoutMinima(whole.right)];
  const minima = termsOf(dim).filter((term) => expressionOf(term)?.operation === 'min');
  const more = minima.find(({ coefficient }) => coefficient === 1);
  const less = minima.find(({ coefficient }) => coefficient === -1);
  const grown = more && less && growth(expressionOf(more)!, expressionOf(less)!);
  if (grown === undefined) return [dim];
  return [addDims(collect(termsOf(dim).filter((term) => term !== more && term !== less)), grown)];
}

/** What min(c, y) exceeds min(c, x) by at most: y - x, if that is not negative. */
function growth(more: DimExpression, less: DimExpression): Dim | undefined {
  for (const [common, upper] of sides(more)) {
    for (const [other, lower] of sides(less)) {
      const difference = subDims(upper, lower);
      if (dimsEqual(common, other) && boundsOf(difference)[0] >= 0) return difference;
    }
  }
  return undefined;
}

function sides({ left, right }: DimExpression): [Dim, Dim][] {
  return [
    [left, right],
    [right, left],
  ];
}

import { type Dim, dimsEqual, productOf } from '@snp/onnx';
import { type Factor, splitsForShape } from './factor.js';
import { factorsFor, fieldsOn, groupIntoAxes, type Layout, plainLayout, splitFactors } from './layout.js';

/** The layout under another shape, splitting factors where needed; undefined if they cannot be cut so. */
export function reshapeLayout(layout: Layout, shape: readonly Dim[]): Layout | undefined {
  return cutInto(layout, shape) ?? cutAround(layout, shape);
}

function cutInto(layout: Layout, shape: readonly Dim[]): Layout | undefined {
  const splits = splitsForShape(layout.axes.flat(), shape);
  return splits && groupIntoAxes(splitFactors(layout, factorsFor(splits)), shape);
}

/**
 * The same where sizes in between are not commensurable, as far as the runtime's are known: tokens that become windows of tokens, say. What comes before them has as
 * many positions on both sides, and so has what comes after; so in between, where nothing is labelled, any factors do.
 */
function cutAround(layout: Layout, shape: readonly Dim[]): Layout | undefined {
  const factors = layout.axes.flat();
  const sizes = factors.map(({ size }) => size);
  const head = equalEnds(sizes, shape);
  const tail = equalEnds(sizes.slice(head.a).reverse(), shape.slice(head.b).reverse());
  const [from, to] = [factors.length - tail.a, shape.length - tail.b];
  const between = factors.slice(head.a, from);
  if (between.length === 0 || fieldsOn(layout, between).length > 0) return undefined;
  const middle = shape.slice(head.b, to);
  const known = (part: readonly Factor[]): Layout => ({ axes: [part], fields: layout.fields });
  const first = cutInto(known(factors.slice(0, head.a)), shape.slice(0, head.b));
  const last = first && cutInto({ ...known(factors.slice(from)), fields: first.fields }, shape.slice(to));
  return last && { axes: [...first.axes, ...plainLayout(middle).axes, ...last.axes], fields: last.fields };
}

/** The most of each list, from its front, that have equal products. */
function equalEnds(a: readonly Dim[], b: readonly Dim[]): { a: number; b: number } {
  for (let i = a.length; i > 0; i--)
    for (let j = b.length; j > 0; j--)
      if (dimsEqual(productOf(a.slice(0, i)), productOf(b.slice(0, j)))) return { a: i, b: j };
  return { a: 0, b: 0 };
}

import { type Dim, dimsEqual } from './dim.js';
import { boundsOf, isKnownDim, maxDims } from './dimFunctions.js';
import { isPartOf } from './partOf.js';

/**
 * The shape of several inputs broadcast together (numpy's rules), or undefined if one of them is unranked. A dimension
 * two known sizes disagree on is undefined.
 */
export function broadcastShapes(shapes: readonly (readonly Dim[] | undefined)[]): (Dim | undefined)[] | undefined {
  if (shapes.some((shape) => shape === undefined)) return undefined;
  let result: (Dim | undefined)[] = [];
  for (const shape of shapes as (readonly Dim[])[]) {
    const rank = Math.max(result.length, shape.length);
    result = Array.from({ length: rank }, (_, axis) => {
      const a = axis - (rank - result.length);
      const b = axis - (rank - shape.length);
      return a < 0 ? shape[b] : b < 0 ? result[a] : broadcastDim(result[a], shape[b]);
    });
  }
  return result;
}

/** Two dimensions broadcast together: one of them is 1 or they are equal. Empty tensors are not thought of. */
function broadcastDim(a: Dim | undefined, b: Dim | undefined): Dim | undefined {
  if (a === 1 || dimsEqual(a, b)) return b;
  if (b === 1) return a;
  if (a === undefined || b === undefined) return undefined;
  if (typeof a === 'number') return typeof b === 'number' ? undefined : a;
  if (typeof b === 'number') return b;
  return broadcastSymbolic(a, b);
}

/**
 * Where both could be 1, the larger one: what else two sizes that differ can be in a valid model is 1. Nothing is known where one of them is unknown and
 * the other could be 1.
 */
function broadcastSymbolic(a: Dim, b: Dim): Dim | undefined {
  if (boundsOf(a, 1)[0] > 1) return a;
  if (boundsOf(b, 1)[0] > 1) return b;
  if (!isKnownDim(a) || !isKnownDim(b)) return undefined;
  if (isPartOf(b, a)) return a;
  return isPartOf(a, b) ? b : maxDims(a, b, 1);
}

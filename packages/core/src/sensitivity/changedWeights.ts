import type { Value } from '@snp/onnx';
import type { Algebra } from '../algebra/algebra.js';
import type { Compensation } from '../compensation/compensation.js';
import { WeightEdits } from '../layers/weightEdits.js';

/** The weights that a compensation touches, as it makes them for a width. Undefined where it has no finite solution. */
export async function changedWeights(
  compensation: Compensation,
  width: number,
  algebra: Algebra,
): Promise<Map<Value, ArrayLike<number>> | undefined> {
  const edits = new WeightEdits();
  if (!(await compensation.apply(compensation.select(width), edits, algebra))) return undefined;
  return new Map(compensation.touches.map((weight) => [weight, edits.numbers(weight)]));
}

/** Bytes of the weights that a compensation touches, in float32. */
export function touchedBytes({ touches }: Compensation): number {
  return 4 * touches.reduce((sum, { tensor }) => sum + tensor!.size, 0);
}

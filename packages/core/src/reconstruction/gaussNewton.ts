import type { Algebra } from '../algebra/algebra.js';
import { meanVariance } from '../algebra/covariance.js';
import { transpose } from '../algebra/product.js';

/** Sums over rows for a Gauss-Newton step of a hidden layer. */
export interface StepSums {
  count: number;
  /** Of x x^T for what the layer reads, [inputs, inputs]. */
  inputs: Float64Array;
  /** The mean of p p^T for the slopes of its activation function, [neurons, neurons]. */
  slopes: Float64Array;
  /** Of x t^T for what each neuron can mend, t = p o (W y) with the rows w of the layer behind and what is missing behind that, y, [inputs, neurons]. */
  pulls: Float64Array;
}

/**
 * A damped Gauss-Newton step of a layer in front of an activation function, towards what is missing behind the next layer. The curvature is E[x x^T (x) (p p^T o W W^T)]; inputs and
 * slopes are taken for independent of each other, which makes it a product of two factors (K-FAC, Martens and Grosse, arXiv 1503.05671) and the step
 * (E[x x^T] + a I)^-1 E[x t^T] (E[p p^T] o W W^T + b I)^-1.
 *
 * @param behind W W^T of the layer behind, [neurons, neurons].
 * @param damping a and b, beside the mean of the diagonals.
 * @returns [inputs, neurons]; undefined where there is no finite answer.
 */
export async function gaussNewtonStep(
  { count, inputs, slopes, pulls }: StepSums,
  behind: Float64Array,
  { damping, algebra }: { damping: number; algebra: Algebra },
): Promise<Float64Array | undefined> {
  const width = Math.sqrt(inputs.length);
  const neurons = Math.sqrt(slopes.length);
  const left = firm(
    inputs.map((sum) => sum / count),
    damping,
  );
  const right = firm(
    slopes.map((mean, at) => mean * behind[at]),
    damping,
  );
  if (!left || !right) return undefined;
  const [half] = await algebra.solve(left, width, [pulls.map((sum) => sum / count)]);
  const [step] = half ? await algebra.solve(right, neurons, [transpose(half, width, neurons)]) : [];
  return step?.every(Number.isFinite) ? transpose(step, neurons, width) : undefined;
}

/** Adds to the diagonal, in place; undefined where that is nothing. */
function firm(matrix: Float64Array, damping: number): Float64Array | undefined {
  const size = Math.sqrt(matrix.length);
  const variance = meanVariance({ size, matrix });
  if (!(variance > 0)) return undefined;
  for (let at = 0; at < size; at++) matrix[at * (size + 1)] += damping * variance;
  return matrix;
}

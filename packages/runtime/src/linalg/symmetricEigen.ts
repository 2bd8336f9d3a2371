import { tridiagonalise, turnBack } from './tridiagonalise.js';
import { tridiagonalValues } from './tridiagonalValues.js';
import { tridiagonalVectors } from './tridiagonalVectors.js';

/** The largest eigenvalues in descending order with their vectors: A v_j = values_j v_j. */
export interface SymmetricEigen {
  values: Float64Array;
  /** Unit vectors as rows: row j is v_j. */
  vectors: Float64Array;
}

/**
 * The `count` largest eigenvalues of a symmetric matrix (`n` x `n`, row-major, of which the upper triangle is read) with
 * their vectors, in float64: Householder tridiagonalisation, QL steps for the values, inverse iteration for the vectors.
 * Values are exact to rounding beside the largest of them, so small ones of a wide spectrum have fewer digits.
 *
 * @param count Default: all.
 */
export function symmetricEigen(a: Float64Array, n: number, count = n): SymmetricEigen {
  const form = tridiagonalise(a, n);
  const values = tridiagonalValues(form.diagonal, form.beside, n).slice(0, count);
  const vectors = tridiagonalVectors(form.diagonal, form.beside, values, n);
  turnBack(vectors, count, form, n);
  return { values, vectors };
}

/** All eigenvalues of a symmetric matrix in descending order, as `symmetricEigen` gives them, without the vectors. */
export function symmetricValues(a: Float64Array, n: number): Float64Array {
  const { diagonal, beside } = tridiagonalise(a, n);
  return tridiagonalValues(diagonal, beside, n);
}

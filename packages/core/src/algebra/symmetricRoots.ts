import { symmetricEigen } from '@snp/runtime';

/** C^(1/2) and C^(-1/2) of a positive semi-definite matrix. */
export interface Roots {
  root: Float64Array;
  inverse: Float64Array;
}

/** Share of the mean eigenvalue that is added to each: directions that calibration data never take must not blow up. */
const FLOOR = 1e-6;

/** Both square roots of a symmetric matrix (`n` x `n`); undefined where it is zero or not finite. */
export function symmetricRoots(matrix: Float64Array, n: number, floor = FLOOR): Roots | undefined {
  if (!matrix.every(Number.isFinite)) return undefined;
  const { values, vectors } = symmetricEigen(matrix, n);
  const mean = values.reduce((sum, value) => sum + Math.max(0, value), 0) / n;
  if (!(mean > 0 && Number.isFinite(mean))) return undefined;
  const [root, inverse] = [new Float64Array(n * n), new Float64Array(n * n)];
  for (let k = 0; k < n; k++) {
    const scale = Math.sqrt(Math.max(0, values[k]) + floor * mean);
    for (let i = 0; i < n; i++) {
      const left = vectors[k * n + i];
      for (let j = 0; j < n; j++) {
        root[i * n + j] += left * vectors[k * n + j] * scale;
        inverse[i * n + j] += (left * vectors[k * n + j]) / scale;
      }
    }
  }
  return { root, inverse };
}

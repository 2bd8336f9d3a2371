/**
 * Least squares with coefficients that are not negative, by coordinate descent on the normal equations (Franc, Hlavac and Navara, Sequential
 * coordinate-wise algorithm for the non-negative least squares problem, CAIP 2005), with a little ridge so that columns
 * that say the same share what they explain.
 *
 * @param rows Observations of equal length.
 * @param targets What they should add up to.
 */
export function nonNegativeLeastSquares(
  rows: readonly (readonly number[] | Float64Array)[],
  targets: readonly number[],
  ridge = 1e-4,
): Float64Array {
  const size = rows[0]?.length ?? 0;
  const gram = Array.from({ length: size }, () => new Float64Array(size));
  const moments = new Float64Array(size);
  rows.forEach((row, at) => {
    for (let i = 0; i < size; i++) {
      moments[i] += row[i] * targets[at];
      for (let j = 0; j < size; j++) gram[i][j] += row[i] * row[j];
    }
  });
  // Scaled to columns of length one, so that the ridge means the same for all.
  const scale = gram.map((line, i) => (line[i] > 0 ? 1 / Math.sqrt(line[i]) : 0));
  const solution = new Float64Array(size);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let change = 0;
    for (let i = 0; i < size; i++) {
      if (scale[i] === 0) continue;
      let rest = moments[i] * scale[i];
      for (let j = 0; j < size; j++) if (j !== i) rest -= gram[i][j] * scale[i] * scale[j] * solution[j];
      const value = Math.max(0, rest / (1 + ridge));
      change = Math.max(change, Math.abs(value - solution[i]));
      solution[i] = value;
    }
    if (change < 1e-10) break;
  }
  return solution.map((value, i) => value * scale[i]);
}

const SWEEPS = 20_000;

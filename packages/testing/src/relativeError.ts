import { SnpError } from '@snp/onnx';

/**
 * How far `actual` is from `expected`: max |actual - expected| / max |expected|, over all elements. 0 where both are all
 * zero; NaN where anything is NaN, so that a comparison with a tolerance fails.
 *
 * @throws SnpError `invalid-argument` if the lengths differ or nothing is compared.
 */
export function relativeError(actual: ArrayLike<number | bigint>, expected: ArrayLike<number | bigint>): number {
  if (actual.length !== expected.length || expected.length === 0) {
    throw new SnpError(
      'invalid-argument',
      `Compared were ${actual.length} elements with ${expected.length}. Give two tensors of the same, positive size.`,
    );
  }
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(Number(actual[i]) - Number(expected[i])));
    largest = Math.max(largest, Math.abs(Number(expected[i])));
  }
  return difference === 0 ? 0 : difference / largest;
}

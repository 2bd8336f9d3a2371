import { Tensor } from '@snp/onnx';

/** A matrix of 8-bit numbers with a scale for each position of one axis: weight = number × scale. */
export interface Rounded {
  numbers: Int8Array;
  scales: Float32Array;
  /** Signal to noise of the rounding: the squares of the weights over those of the errors, in decibels. */
  signalToNoise: number;
}

/** The largest 8-bit number: symmetric about zero, so that no zero point is needed. */
const MOST = 127;

/** Rounds a matrix to 8 bits, symmetric about zero, each row or column by its own largest number. */
export function rounded(
  { dims, numbers }: { dims: readonly number[]; numbers: ArrayLike<number> },
  axis: 0 | 1,
): Rounded {
  const [rows, columns] = dims;
  const largest = new Float32Array(dims[axis]);
  const channel = (row: number, column: number) => (axis === 0 ? row : column);
  for (let row = 0, at = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, at++) {
      const own = channel(row, column);
      largest[own] = Math.max(largest[own], Math.abs(numbers[at]));
    }
  const scales = largest.map((own) => (own > 0 ? own / MOST : 1));
  const whole = new Int8Array(numbers.length);
  let [signal, noise] = [0, 0];
  for (let row = 0, at = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, at++) {
      const scale = scales[channel(row, column)];
      const own = Math.max(-MOST, Math.min(MOST, Math.round(numbers[at] / scale)));
      whole[at] = own;
      signal += numbers[at] ** 2;
      noise += (numbers[at] - own * scale) ** 2;
    }
  return {
    numbers: whole,
    scales,
    signalToNoise: noise > 0 ? 10 * Math.log10(signal / noise) : Number.POSITIVE_INFINITY,
  };
}

/** The same matrix with rows and columns exchanged. */
export function transposed({ numbers }: Rounded, [rows, columns]: readonly number[]): Int8Array {
  const turned = new Int8Array(numbers.length);
  for (let row = 0, at = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, at++) turned[column * rows + row] = numbers[at];
  return turned;
}

export const int8 = (dims: readonly number[], numbers: Int8Array): Tensor => Tensor.of('INT8', dims, numbers);

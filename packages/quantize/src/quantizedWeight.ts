/** A weight that was quantised. */
export interface QuantizedWeight {
  name: string;
  dims: readonly number[];
  /** What it is: the second factor of a product, or the table that rows are taken from. */
  use: 'product' | 'table';
  /** Signal to noise of its rounding, in decibels. */
  signalToNoise: number;
}

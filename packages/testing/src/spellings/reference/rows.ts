import { isGone, type Weight } from '../weight.js';

/** One sample: tokens by channels, in float64. */
export type Rows = readonly Float64Array[];

/** What leaves a model, and how the sums over what stays are counted. */
export interface Removal {
  /** Names of the units that leave. */
  readonly removed: ReadonlySet<string>;
  /** Norms whose divisor is a plain number keep it. */
  readonly keepsDivisors?: boolean;
}

/** Nothing leaves. */
export const NOTHING: Removal = { removed: new Set() };

/** Every row times [inputs, outputs], plus a bias. */
export function linear(x: Rows, weight: Weight, bias: Weight | undefined, { removed }: Removal): Rows {
  const [inputs, outputs] = weight.dims;
  const { data } = weight.without(removed);
  const shift = bias?.without(removed).data;
  return x.map((row) =>
    Float64Array.from({ length: outputs }, (_, to) => {
      let sum = shift?.[to] ?? 0;
      for (let from = 0; from < inputs; from++) sum += row[from] * data[from * outputs + to];
      return sum;
    }),
  );
}

export function addRows(a: Rows, b: Rows): Rows {
  return a.map((row, token) => row.map((number, at) => number + b[token][at]));
}

/** Which channels stay. */
export function keptOf(units: readonly (readonly string[])[], { removed }: Removal): boolean[] {
  return units.map((names) => !isGone(names, removed));
}

export function softmax(numbers: readonly number[]): number[] {
  const largest = Math.max(...numbers);
  const powers = numbers.map((number) => Math.exp(number - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

import {
  type Feeds,
  type Runtime,
  type RuntimeData,
  type RuntimeTensor,
  type Session,
  triangleLength,
} from '@snp/runtime';
import type { SecondMoments } from '../statistics/moments.js';
import { variancesOf } from './covariance.js';
import { bandsOf, type DensePrecision } from './denseBuilder.js';
import type { Elimination } from './eliminate.js';
import { eliminationModel } from './eliminationModel.js';

/** What the inverse may be off on a vector of ones: its diagonal, by which units are compared, is then right to a few thousandths. */
const RESIDUAL = 0.1;

/** What the costs of all units may be off what they carried. */
const IMBALANCE = 0.01;

/** Backward elimination of so many units in a runtime. */
export class EliminationKernel {
  /** The last two runs. */
  #under: [Promise<unknown>, Promise<unknown>] = [Promise.resolve(), Promise.resolve()];

  private constructor(
    private readonly session: Session,
    private readonly sizes: readonly number[],
    private readonly precision: DensePrecision,
  ) {}

  static async open(
    runtime: Runtime,
    n: number,
    outputs: number,
    precision: DensePrecision,
  ): Promise<EliminationKernel> {
    const { model, sizes } = eliminationModel(n, outputs, precision);
    return new EliminationKernel(await runtime.open(model), sizes, precision);
  }

  /**
   * @param centre What the moments are taken about.
   * @param ridge What is added to each variance.
   * @returns Undefined where the precision does not do, or the numbers are not finite.
   */
  async eliminate(
    moments: SecondMoments,
    centre: Float64Array,
    weights: Float32Array | Float64Array,
    ridge: number,
  ): Promise<Elimination | undefined> {
    const n = centre.length;
    // Units of equal variance, and weights in the unit of the largest, so that squares stay finite.
    const scale = variancesOf(moments, centre).map((variance) => 1 / Math.sqrt(variance + ridge));
    const outputs = weights.length / n;
    const unit = largestRow(weights, scale);
    if (!(unit > 0 && Number.isFinite(unit))) return undefined;
    const rows = this.#array(weights.length);
    for (let i = 0, at = 0; i < n; i++) {
      const factor = 1 / (scale[i] * unit);
      for (let o = 0; o < outputs; o++, at++) rows[at] = weights[at] * factor;
    }
    const answer = await this.#run({
      ...correlations(moments, centre, scale, (rows, columns) =>
        this.#tensor([rows, columns], this.#array(rows * columns)),
      ),
      weights: this.#tensor([n, outputs], rows),
    });
    const numbers = (name: string) => answer[name].data as Float32Array | Float64Array;
    if (!(numbers('residual')[0] < RESIDUAL && numbers('imbalance')[0] < IMBALANCE)) return undefined;
    const order = Array.from(answer.order.data as BigInt64Array, Number);
    const increments = this.#increments(numbers('costs'), numbers('rounds'), unit ** 2);
    return increments.every((increment) => Number.isFinite(increment) && increment >= 0)
      ? { order, increments }
      : undefined;
  }

  close(): Promise<void> {
    return this.session.close();
  }

  /** One is asked for while another runs: so the runtime never waits for the work done here. Not more, for each takes much memory. */
  #run(feeds: Feeds): Promise<Feeds> {
    const [beforeLast, last] = this.#under;
    const own = beforeLast.then(() => this.session.run(feeds));
    this.#under = [last, own.catch(() => undefined)];
    return own;
  }

  /** What a round cost together, divided by what each unit seemed to cost alone. */
  #increments(costs: ArrayLike<number>, rounds: ArrayLike<number>, unit: number): Float64Array {
    const increments = new Float64Array(costs.length);
    let start = 0;
    for (const [round, size] of this.sizes.entries()) {
      let sum = 0;
      for (let at = start; at < start + size; at++) sum += costs[at];
      for (let at = start; at < start + size; at++)
        increments[at] = sum > 0 ? (costs[at] / sum) * rounds[round] * unit : 0;
      start += size;
    }
    return increments;
  }

  #array(length: number): Float32Array | Float64Array {
    return this.precision === 'FLOAT' ? new Float32Array(length) : new Float64Array(length);
  }

  #tensor(dims: readonly number[], data: RuntimeData): RuntimeTensor {
    return { type: this.precision, dims, data };
  }
}

/** The largest element of weights whose rows are divided by scales. */
function largestRow(weights: Float32Array | Float64Array, scale: Float64Array): number {
  const outputs = weights.length / scale.length;
  let largest = 0;
  for (let i = 0, at = 0; i < scale.length; i++) {
    let own = 0;
    for (let o = 0; o < outputs; o++, at++) {
      const size = Math.abs(weights[at]);
      // What is not a number is larger than all.
      if (!(size <= own)) own = size;
    }
    if (!(own / scale[i] <= largest)) largest = own / scale[i];
  }
  return largest;
}

/**
 * Covariances of units of variance 1, in bands, with half of what is on the diagonal and nothing above it: straight from the moments, for large matrices in between take as long as
 * all this.
 */
function correlations(
  moments: SecondMoments,
  centre: Float64Array,
  scale: Float64Array,
  tensor: (rows: number, columns: number) => RuntimeTensor,
): Feeds {
  const feeds: Record<string, RuntimeTensor> = {};
  for (const [band, [start, end]] of bandsOf(scale.length).entries()) {
    const size = end - start;
    const half = tensor(size, size);
    const beside = tensor(size, start);
    for (let row = start; row < end; row++) {
      const at = row - start;
      copyRow(moments, { centre, scale, row, from: 0, to: start }, beside.data as Float32Array, at * start);
      copyRow(moments, { centre, scale, row, from: start, to: row }, half.data as Float32Array, at * size);
      (half.data as Float32Array)[at * (size + 1)] = 0.5;
    }
    feeds[`half${band}`] = half;
    if (start > 0) feeds[`beside${band}`] = beside;
  }
  return feeds;
}

interface RowPart {
  centre: Float64Array;
  scale: Float64Array;
  row: number;
  from: number;
  to: number;
}

/** Columns `from` to `to` of a row of correlations. */
function copyRow(
  { count, products }: SecondMoments,
  { centre, scale, row, from, to }: RowPart,
  result: Float32Array | Float64Array,
  place: number,
): void {
  const [product, shift] = [scale[row] / count, centre[row] * scale[row]];
  const start = triangleLength(row);
  for (let column = from; column < to; column++)
    result[place + column - from] = (product * products[start + column] - shift * centre[column]) * scale[column];
}

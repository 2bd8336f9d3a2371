import { Graph, Model } from '@snp/onnx';
import type { Runtime, Session } from '@snp/runtime';
import { type Covariance, meanVariance } from './covariance.js';
import { type Elimination, eliminate } from './eliminate.js';
import { eliminationModel } from './eliminationModel.js';
import { product } from './product.js';
import { RIDGE } from './refit.js';

/** Fewer units than these are no work. */
const SMALL = 128;

/** Below this many multiplications a call into the runtime costs more than it saves. */
const WORTH_A_CALL = 2e7;

/** Dense algebra for recovery: in a runtime, where there is one and it is worth the way, because its matrix products are many times faster than ours. */
export class Algebra {
  readonly #eliminations = new Map<string, Promise<{ session: Session; sizes: number[] } | undefined>>();
  #products: Promise<Session> | undefined;

  constructor(private readonly runtime?: Runtime | undefined) {}

  /** A B for row-major matrices of `n` x `k` and `k` x `m`, in float64. */
  async product(a: Float64Array, b: Float64Array, n: number, k: number, m: number): Promise<Float64Array> {
    if (!this.runtime || n * k * m < WORTH_A_CALL) return product(a, b, n, k, m);
    this.#products ??= this.runtime.open(productModel());
    const session = await this.#products;
    const { c } = await session.run({
      a: { type: 'DOUBLE', dims: [n, k], data: a },
      b: { type: 'DOUBLE', dims: [k, m], data: b },
    });
    return c.data as Float64Array;
  }

  /**
   * As `eliminate`, but in the runtime several units at a time, on units of equal variance; the slow way where that gives no finite answer.
   */
  async eliminate(covariance: Covariance, weights: Float64Array): Promise<Elimination | undefined> {
    const n = covariance.size;
    const variance = meanVariance(covariance);
    if (!this.runtime || n < SMALL || !(variance > 0)) return eliminate(covariance, weights);
    const kernel = await this.#elimination(this.runtime, n, weights.length / n);
    const found = kernel && (await run(kernel, covariance, weights, RIDGE * variance));
    return found ?? eliminate(covariance, weights);
  }

  async close(): Promise<void> {
    for (const kernel of this.#eliminations.values()) await (await kernel)?.session.close();
    await (await this.#products)?.close();
  }

  /** Models for equal sizes are opened once. */
  #elimination(runtime: Runtime, n: number, outputs: number) {
    const key = `${n}x${outputs}`;
    const known = this.#eliminations.get(key);
    if (known) return known;
    const { model, sizes } = eliminationModel(n, outputs);
    // A runtime may lack an operator.
    const kernel = runtime.open(model).then(
      (session) => ({ session, sizes }),
      () => undefined,
    );
    this.#eliminations.set(key, kernel);
    return kernel;
  }
}

function productModel(): Model {
  const graph = new Graph('product');
  const model = new Model(graph);
  model.opsets.set('', 18);
  const input = (name: string, shape: string[]) => {
    const value = graph.addValue(name);
    value.type = { elementType: 'DOUBLE', shape };
    graph.inputs.push(value);
    return value;
  };
  const inputs = [input('a', ['n', 'k']), input('b', ['k', 'm'])];
  const [c] = graph.addNode({ op: 'MatMul', inputs, outputs: ['c'] }).outputs;
  c!.type = { elementType: 'DOUBLE', shape: ['n', 'm'] };
  graph.outputs.push(c!);
  return model;
}

async function run(
  { session, sizes }: { session: Session; sizes: readonly number[] },
  { size: n, matrix }: Covariance,
  weights: Float64Array,
  ridge: number,
): Promise<Elimination | undefined> {
  const outputs = weights.length / n;
  const scale = Float64Array.from({ length: n }, (_, i) => 1 / Math.sqrt(matrix[i * (n + 1)] + ridge));
  const scaled = new Float64Array(n * n);
  for (let i = 0, at = 0; i < n; i++) {
    const own = scale[i];
    for (let j = 0; j < n; j++, at++) scaled[at] = matrix[at] * own * scale[j];
    scaled[i * (n + 1)] = 1;
  }
  // In the units of the largest weight, so that squares stay finite.
  const rows = new Float64Array(weights.length);
  let unit = 0;
  for (let i = 0, at = 0; i < n; i++) {
    for (let o = 0; o < outputs; o++, at++) {
      rows[at] = weights[at] / scale[i];
      unit = Math.max(unit, Math.abs(rows[at]));
    }
  }
  if (!(unit > 0 && Number.isFinite(unit))) return undefined;
  for (let at = 0; at < rows.length; at++) rows[at] /= unit;
  const answer = await session.run({
    covariance: { type: 'DOUBLE', dims: [n, n], data: scaled },
    weights: { type: 'DOUBLE', dims: [n, outputs], data: rows },
  });
  const order = Array.from(answer.order.data as BigInt64Array, Number);
  const [costs, rounds] = [answer.costs.data as Float64Array, answer.rounds.data as Float64Array];
  const increments = new Float64Array(n);
  let at = 0;
  for (const [round, size] of sizes.entries()) {
    const own = costs.subarray(at, at + size);
    const sum = own.reduce((total, cost) => total + cost, 0);
    for (const cost of own) increments[at++] = sum > 0 ? (cost / sum) * rounds[round] * unit ** 2 : 0;
  }
  return increments.every((increment) => Number.isFinite(increment) && increment >= 0)
    ? { order, increments }
    : undefined;
}

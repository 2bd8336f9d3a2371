import { Graph, Model } from '@snp/onnx';
import type { Runtime, Session } from '@snp/runtime';
import { type Covariance, meanVariance } from './covariance.js';
import { type Elimination, eliminate } from './eliminate.js';
import { EliminationKernel } from './eliminationKernel.js';
import type { EliminationPrecision } from './eliminationModel.js';
import { product } from './product.js';
import { RIDGE } from './refit.js';

/** Fewer units than these are no work. */
const SMALL = 128;

/** Below this many multiplications a call into the runtime costs more than it saves. */
const WORTH_A_CALL = 2e7;

/** Dense algebra for recovery: in a runtime, where there is one and it is worth the way, because its matrix products are many times faster than ours. */
export class Algebra {
  readonly #eliminations = new Map<string, Promise<EliminationKernel | undefined>>();
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
   * As `eliminate`, but in the runtime several units at a time, on units of equal variance: in single precision where that leaves enough digits, else in double; the slow way
   * where neither gives a finite answer.
   */
  async eliminate(covariance: Covariance, weights: Float64Array): Promise<Elimination | undefined> {
    const n = covariance.size;
    const variance = meanVariance(covariance);
    if (!this.runtime || n < SMALL || !(variance > 0)) return eliminate(covariance, weights);
    for (const precision of ['FLOAT', 'DOUBLE'] as const) {
      const kernel = await this.#elimination(this.runtime, n, weights.length / n, precision);
      const found = kernel && (await kernel.eliminate(covariance, weights, RIDGE * variance));
      if (found) return found;
    }
    return eliminate(covariance, weights);
  }

  async close(): Promise<void> {
    for (const kernel of this.#eliminations.values()) await (await kernel)?.close();
    await (await this.#products)?.close();
  }

  /** Models for equal sizes are opened once. */
  #elimination(runtime: Runtime, n: number, outputs: number, precision: EliminationPrecision) {
    const key = `${n}x${outputs} ${precision}`;
    // A runtime may lack an operator.
    const kernel =
      this.#eliminations.get(key) ?? EliminationKernel.open(runtime, n, outputs, precision).catch(() => undefined);
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

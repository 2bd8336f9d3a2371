import { Graph, Model } from '@snp/onnx';
import { type Runtime, type Session, solvePositive } from '@snp/runtime';
import type { SecondMoments } from '../statistics/moments.js';
import { centreOf, covarianceOf, variancesOf } from './covariance.js';
import type { DensePrecision } from './denseBuilder.js';
import { type Elimination, eliminate } from './eliminate.js';
import { EliminationKernel } from './eliminationKernel.js';
import { product, transpose } from './product.js';
import { RIDGE } from './ridge.js';
import { SolverKernel } from './solverKernel.js';

/** Fewer units than these are no work. */
const SMALL = 128;

/** Below this many multiplications a call into the runtime costs more than it saves. */
const WORTH_A_CALL = 2e7;

/** Sizes of linear equations that are kept ready. */
const SOLVERS = 3;

/** Dense algebra for compensation: in a runtime, where there is one and it is worth the way, because its matrix products are many times faster than ours. */
export class Algebra {
  readonly #eliminations = new Map<string, Promise<EliminationKernel | undefined>>();
  readonly #solvers = new Map<number, Promise<SolverKernel | undefined>>();
  #products: Promise<Session> | undefined;
  #grams: Promise<Session> | undefined;

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

  /** W W^T of the rows of weights [rows, outputs]: in the runtime in single precision, as weights are. */
  async gram(weights: Float32Array | Float64Array, rows: number): Promise<Float64Array> {
    const outputs = weights.length / rows;
    if (!this.runtime || rows * rows * outputs < WORTH_A_CALL) {
      const own = new Float64Array(weights);
      return product(own, transpose(own, rows, outputs), rows, outputs, rows);
    }
    this.#grams ??= this.runtime.open(gramModel());
    const session = await this.#grams;
    const data = weights instanceof Float32Array ? weights : new Float32Array(weights);
    const { c } = await session.run({ w: { type: 'FLOAT', dims: [rows, outputs], data } });
    return new Float64Array(c.data as Float32Array);
  }

  /** Makes ready what eliminations of `n` units with weights of so many outputs take. */
  expectElimination(n: number, outputs: number): void {
    if (this.runtime && n >= SMALL) this.#elimination(this.runtime, n, outputs, 'FLOAT');
  }

  /**
   * As `eliminate`, but in the runtime several units at a time, on units of equal variance: in single precision where that leaves enough digits, else in double; the slow way
   * where neither gives a finite answer.
   *
   * @param weights Weights of the layer behind, [units, outputs].
   * @param options Whether moments are taken about the units' means; `ridge` beside the mean variance, default `RIDGE`.
   */
  async eliminate(
    moments: SecondMoments,
    weights: Float32Array | Float64Array,
    { centred, ridge = RIDGE }: { centred: boolean; ridge?: number | undefined },
  ): Promise<Elimination | undefined> {
    const centre = centreOf(moments, centred);
    const n = centre.length;
    const variance = variancesOf(moments, centre).reduce((sum, own) => sum + own, 0) / n;
    if (this.runtime && n >= SMALL && variance > 0) {
      for (const precision of ['FLOAT', 'DOUBLE'] as const) {
        const kernel = await this.#elimination(this.runtime, n, weights.length / n, precision);
        const found = await kernel?.eliminate(moments, centre, weights, ridge * variance);
        if (found) return found;
      }
    }
    return eliminate(covarianceOf(moments, { centred }), weights, { ridge });
  }

  /**
   * Solves A X = B for a symmetric positive definite A of `n` x `n` and several B of as many rows, in float64.
   *
   * @returns Undefined in place of what has no finite answer.
   */
  async solve(a: Float64Array, n: number, rights: readonly Float64Array[]): Promise<(Float64Array | undefined)[]> {
    const solver = this.runtime && n >= SMALL ? await this.#solverOf(n, this.runtime) : undefined;
    return (await solver?.solve(a, rights)) ?? rights.map((right) => solvePositive(a, n, right, right.length / n));
  }

  async close(): Promise<void> {
    for (const kernel of this.#solvers.values()) await (await kernel)?.close();
    for (const kernel of this.#eliminations.values()) await (await kernel)?.close();
    await (await this.#products)?.close();
    await (await this.#grams)?.close();
  }

  /** Those used last are kept: each holds much memory, and a few sizes take turns. */
  async #solverOf(n: number, runtime: Runtime): Promise<SolverKernel | undefined> {
    // A runtime may lack an operator.
    const kernel = this.#solvers.get(n) ?? SolverKernel.open(runtime, n).catch(() => undefined);
    this.#solvers.delete(n);
    this.#solvers.set(n, kernel);
    const [[oldest, unused]] = this.#solvers;
    if (this.#solvers.size > SOLVERS) {
      this.#solvers.delete(oldest);
      await (await unused)?.close();
    }
    return kernel;
  }

  /** Models for equal sizes are opened once. */
  #elimination(runtime: Runtime, n: number, outputs: number, precision: DensePrecision) {
    const key = `${n}x${outputs} ${precision}`;
    // A runtime may lack an operator.
    const kernel =
      this.#eliminations.get(key) ?? EliminationKernel.open(runtime, n, outputs, precision).catch(() => undefined);
    this.#eliminations.set(key, kernel);
    return kernel;
  }
}

function productModel(): Model {
  return singleNode('MatMul', 'DOUBLE', { a: ['n', 'k'], b: ['k', 'm'] });
}

function gramModel(): Model {
  return singleNode('Gemm', 'FLOAT', { w: ['n', 'k'] }, { transB: 1 });
}

/** A model of one product of matrices; of one input, the product with itself. */
function singleNode(
  op: string,
  elementType: 'FLOAT' | 'DOUBLE',
  shapes: Readonly<Record<string, string[]>>,
  attributes: Record<string, number> = {},
): Model {
  const graph = new Graph('product');
  const model = new Model(graph);
  model.opsets.set('', 18);
  const inputs = Object.entries(shapes).map(([name, shape]) => {
    const value = graph.addValue(name);
    value.type = { elementType, shape };
    graph.inputs.push(value);
    return value;
  });
  const [a, b = a] = inputs;
  const [c] = graph.addNode({ op, inputs: [a, b], outputs: ['c'], attributes }).outputs;
  c!.type = { elementType, shape: undefined };
  graph.outputs.push(c!);
  return model;
}

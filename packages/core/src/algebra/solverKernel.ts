import { Graph, Model, type Value } from '@snp/onnx';
import type { Runtime, Session } from '@snp/runtime';
import { DenseBuilder } from './denseBuilder.js';

/** What a solution may leave of the largest right side. */
const RESIDUAL = 1e-6;

/** Columns that are looked at for that. */
const PROBES = 8;

/** Linear equations of so many unknowns in a runtime. */
export class SolverKernel {
  private constructor(
    private readonly session: Session,
    private readonly n: number,
  ) {}

  static async open(runtime: Runtime, n: number): Promise<SolverKernel> {
    return new SolverKernel(await runtime.open(solverModel(n)), n);
  }

  /** @returns Undefined where the matrix is not positive definite, or so nearly that the digits do not do. */
  async solve(a: Float64Array, rights: readonly Float64Array[]): Promise<Float64Array[] | undefined> {
    const { n } = this;
    const answer = await this.session.run({
      matrix: { type: 'DOUBLE', dims: [n, n], data: a },
      right: { type: 'DOUBLE', ...beside(rights, n) },
    });
    const numbers = (name: string) => answer[name].data as Float64Array;
    const solution = numbers('solution');
    const positive = numbers('diagonal').every((element) => element > 0);
    const sound = positive && numbers('residual')[0] < RESIDUAL && solution.every(Number.isFinite);
    return sound ? apart(solution, rights, n) : undefined;
  }

  close(): Promise<void> {
    return this.session.close();
  }
}

/**
 * Solves A X = B in double precision. Inputs `matrix` [n, n] symmetric positive definite, `right` [n, columns]; outputs `solution` [n, columns], the `diagonal` [n] of
 * the inverse, which is positive, and `residual` [1], the largest element of A X - B beside that of B in the first columns.
 */
function solverModel(n: number): Model {
  const graph = new Graph('solver');
  const model = new Model(graph);
  model.opsets.set('', 18);
  model.opsets.set('com.microsoft', 1);
  const build = new DenseBuilder(graph, 'DOUBLE');
  const matrix = build.input('matrix', [n, n]);
  const right = build.input('right', [n, 'columns']);
  const inverse = build.inverse(matrix, n);
  const solution = build.op('MatMul', [inverse, right]);
  build.output('solution', [solution]);
  build.output('diagonal', [build.diagonal(inverse, n)]);
  const first = (value: Value) => build.columns(value, 0, PROBES);
  const largest = (value: Value) => build.op('ReduceMax', [build.op('Abs', [value])], { keepdims: 0 });
  const missing = build.op('Sub', [build.op('MatMul', [matrix, first(solution)]), first(right)]);
  const share = build.op('Div', [
    largest(missing),
    build.op('Add', [largest(first(right)), build.numbers([Number.MIN_VALUE], [])]),
  ]);
  build.output('residual', [build.op('Reshape', [share, build.integers([1])])]);
  return model;
}

/** Matrices of `n` rows, one beside the other. */
function beside(parts: readonly Float64Array[], n: number): { dims: number[]; data: Float64Array } {
  if (parts.length === 1) return { dims: [n, parts[0].length / n], data: parts[0] };
  const columns = parts.reduce((sum, { length }) => sum + length / n, 0);
  const data = new Float64Array(n * columns);
  let left = 0;
  for (const part of parts) {
    const width = part.length / n;
    for (let row = 0; row < n; row++) data.set(part.subarray(row * width, (row + 1) * width), row * columns + left);
    left += width;
  }
  return { dims: [n, columns], data };
}

/** Takes apart what `beside` put together. */
function apart(whole: Float64Array, parts: readonly Float64Array[], n: number): Float64Array[] {
  if (parts.length === 1) return [whole];
  const columns = whole.length / n;
  let left = 0;
  return parts.map(({ length }) => {
    const width = length / n;
    const part = new Float64Array(length);
    for (let row = 0; row < n; row++)
      part.set(whole.subarray(row * columns + left, row * columns + left + width), row * width);
    left += width;
    return part;
  });
}

import { type AttributeInit, dataTypeCode, Graph, Model, SnpError, Tensor, type Value } from '@snp/onnx';
import type { Runtime, Session } from '@snp/runtime';
import { normaliseRows, plainKernels, type RowKernels } from './rowKernels.js';

/** Below this many multiplications a call into the runtime costs more than it saves. */
const WORTH_A_CALL = 2e6;

/** Rows of one product, which bounds its memory; below, one call is cheaper than sending rows for several. */
const BLOCK = 4096;

/** So many numbers are added in single precision before their sum is taken to double. */
const RUN = 64;

/**
 * Dense products in the inference runtime, as a small graph; in JavaScript where there is no runtime, as in a browser without one. Close it when
 * done. Rows have length one, so that a product in single precision costs a cosine 1e-7, and their sums in double precision, in which errors have
 * either sign, less.
 */
export function runtimeKernels(runtime: Runtime): RowKernels & { close(): Promise<void> } {
  let opened: Promise<Session | undefined> | undefined;
  return {
    async absCosineSums(rows, count, width) {
      const plain = () => plainKernels.absCosineSums(rows, count, width);
      if (count * count * width < WORTH_A_CALL) return plain();
      opened ??= runtime.open(cosineModel()).catch(unlessUnsupported);
      const session = await opened;
      if (!session) return plain();
      // Rows of zeros fill up the last run; their cosines are zero.
      const padded = RUN * Math.ceil(count / RUN);
      const data = new Float32Array(padded * width);
      data.set(normaliseRows(rows, count, width));
      const block = (first: number) => {
        const last = Math.min(padded, first + BLOCK);
        return {
          type: 'FLOAT' as const,
          dims: [last - first, width],
          data: data.subarray(first * width, last * width),
        };
      };
      const sums = new Float64Array(padded);
      for (let a = 0; a < padded; a += BLOCK) {
        for (let b = a; b < padded; b += BLOCK) {
          const products = await session.run({ left: block(a), right: block(b) });
          addAt(sums, a, products.left_sums.data as Float64Array);
          if (b > a) addAt(sums, b, products.right_sums.data as Float64Array);
        }
      }
      // The diagonal of a row of zeros is 0 in the product.
      return sums.subarray(0, count).map((sum, row) => (isZeroRow(data, row, width) ? sum + 1 : sum));
    },
    async close() {
      await (await opened)?.close();
    },
  };
}

function unlessUnsupported(error: unknown): undefined {
  if (!(error instanceof SnpError && error.code === 'unsupported')) throw error;
}

function addAt(sums: Float64Array, offset: number, part: Float64Array): void {
  for (let i = 0; i < part.length; i++) sums[offset + i] += part[i];
}

function isZeroRow(data: Float32Array, row: number, width: number): boolean {
  return data.subarray(row * width, (row + 1) * width).every((item) => item === 0);
}

/** The sums of |A B^T| along its rows and along its columns, for unit rows A and B of any number and length. */
function cosineModel(): Model {
  const graph = new Graph('abs-cosine-sums');
  const input = (name: string) => {
    const value = graph.addValue(name);
    value.type = { elementType: 'FLOAT', shape: [`${name}_count`, 'width'] };
    graph.inputs.push(value);
    return value;
  };
  const op = (name: string, inputs: Value[], attributes: Record<string, AttributeInit> = {}) =>
    graph.addNode({ op: name, inputs, attributes }).outputs[0]!;
  const integers = (...list: number[]) => graph.addInitializer('integers', Tensor.int64([list.length], list));
  const [a, b] = [input('left'), input('right')];
  const absolute = op('Abs', [op('MatMul', [a, op('Transpose', [b], { perm: [1, 0] })])]);
  const columns = op('Concat', [integers(-1, RUN), op('Shape', [b], { start: 0, end: 1 })], { axis: 0 });
  const sum = (shape: Value, run: number, rest: number, of: Value) => {
    const runs = op('ReduceSum', [op('Reshape', [absolute, shape]), integers(run)], { keepdims: 0 });
    const wide = op('Cast', [runs], { to: dataTypeCode('DOUBLE') });
    const sums = graph.addNode({
      op: 'ReduceSum',
      inputs: [wide, integers(rest)],
      outputs: [`${of.name}_sums`],
      attributes: { keepdims: 0 },
    }).outputs[0]!;
    sums.type = { elementType: 'DOUBLE', shape: [`${of.name}_count`] };
    graph.outputs.push(sums);
  };
  sum(integers(0, -1, RUN), 2, 1, a);
  sum(columns, 1, 0, b);
  const model = new Model(graph);
  model.opsets.set('', 17);
  return model;
}

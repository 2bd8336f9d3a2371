import { Graph, Model, Tensor } from '@snp/onnx';
import type { Runtime, Session } from '@snp/runtime';
import { normaliseRows, plainKernels, type RowKernels } from './rowKernels.js';

/** Below this many multiplications a call into the runtime costs more than it saves. */
const WORTH_A_CALL = 2e6;

/** Rows of one product, which bounds its memory; below, one call is cheaper than sending rows for several. */
const BLOCK = 4096;

/**
 * Dense products in the inference runtime, as a small graph. Close it when done. Rows have length one, so that single
 * precision costs a cosine 1e-7, and their sum, in which errors have either sign, less.
 */
export function runtimeKernels(runtime: Runtime): RowKernels & { close(): Promise<void> } {
  let opened: Promise<Session> | undefined;
  return {
    async absCosineSums(rows, count, width) {
      if (count * count * width < WORTH_A_CALL) return plainKernels.absCosineSums(rows, count, width);
      opened ??= runtime.open(cosineModel());
      const session = await opened;
      const data = Float32Array.from(normaliseRows(rows, count, width));
      const block = (first: number) => {
        const last = Math.min(count, first + BLOCK);
        return {
          type: 'FLOAT' as const,
          dims: [last - first, width],
          data: data.subarray(first * width, last * width),
        };
      };
      const sums = new Float64Array(count);
      for (let a = 0; a < count; a += BLOCK) {
        for (let b = a; b < count; b += BLOCK) {
          const products = await session.run({ left: block(a), right: block(b) });
          addAt(sums, a, products.left_sums.data as Float32Array);
          if (b > a) addAt(sums, b, products.right_sums.data as Float32Array);
        }
      }
      // The diagonal of a row of zeros is 0 in the product.
      return sums.map((sum, row) => (isZeroRow(data, row, width) ? sum + 1 : sum));
    },
    async close() {
      await (await opened)?.close();
    },
  };
}

function addAt(sums: Float64Array, offset: number, part: Float32Array): void {
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
  const [a, b] = [input('left'), input('right')];
  const transposed = graph.addNode({ op: 'Transpose', inputs: [b], attributes: { perm: [1, 0] } }).outputs[0];
  const product = graph.addNode({ op: 'MatMul', inputs: [a, transposed] }).outputs[0];
  const absolute = graph.addNode({ op: 'Abs', inputs: [product] }).outputs[0];
  for (const [axis, of] of [
    [1, a],
    [0, b],
  ] as const) {
    const axes = graph.addInitializer('axes', Tensor.int64([1], [axis]));
    const name = `${of.name}_sums`;
    const sums = graph.addNode({
      op: 'ReduceSum',
      inputs: [absolute, axes],
      outputs: [name],
      attributes: { keepdims: 0 },
    });
    sums.outputs[0]!.type = { elementType: 'FLOAT', shape: [`${of.name}_count`] };
    graph.outputs.push(sums.outputs[0]!);
  }
  const model = new Model(graph);
  model.opsets.set('', 17);
  return model;
}

import { Graph, Model, Tensor } from '@snp/onnx';
import type { Runtime, Session } from '@snp/runtime';
import { normaliseRows, plainKernels, type RowKernels } from './rowKernels.js';

/** Below this many multiplications a call into the runtime costs more than it saves. */
const WORTH_A_CALL = 2e6;

/** Dense products in the inference runtime, as a small graph in float64. Close it when done. */
export function runtimeKernels(runtime: Runtime): RowKernels & { close(): Promise<void> } {
  let opened: Promise<Session> | undefined;
  return {
    async absCosineSums(rows, count, width) {
      if (count * count * width < WORTH_A_CALL) return plainKernels.absCosineSums(rows, count, width);
      opened ??= runtime.open(cosineModel());
      const data = normaliseRows(rows, count, width);
      const { sums } = await (await opened).run({ rows: { type: 'DOUBLE', dims: [count, width], data } });
      const result = sums.data as Float64Array;
      // The diagonal of a row of zeros is 0 in the product.
      return result.map((sum, row) => (isZeroRow(data, row, width) ? sum + 1 : sum));
    },
    async close() {
      await (await opened)?.close();
    },
  };
}

function isZeroRow(data: Float64Array, row: number, width: number): boolean {
  return data.subarray(row * width, (row + 1) * width).every((item) => item === 0);
}

/** `sums = rowsum |R R^T|` for unit rows R of any number and length. */
function cosineModel(): Model {
  const graph = new Graph('abs-cosine-sums');
  const rows = graph.addValue('rows');
  rows.type = { elementType: 'DOUBLE', shape: ['count', 'width'] };
  graph.inputs.push(rows);
  const transposed = graph.addNode({ op: 'Transpose', inputs: [rows], attributes: { perm: [1, 0] } }).outputs[0];
  const product = graph.addNode({ op: 'MatMul', inputs: [rows, transposed] }).outputs[0];
  const absolute = graph.addNode({ op: 'Abs', inputs: [product] }).outputs[0];
  const axes = graph.addInitializer('axes', Tensor.int64([1], [1]));
  const [sums] = graph.addNode({
    op: 'ReduceSum',
    inputs: [absolute, axes],
    outputs: ['sums'],
    attributes: { keepdims: 0 },
  }).outputs;
  sums!.type = { elementType: 'DOUBLE', shape: ['count'] };
  graph.outputs.push(sums!);
  const model = new Model(graph);
  model.opsets.set('', 17);
  return model;
}

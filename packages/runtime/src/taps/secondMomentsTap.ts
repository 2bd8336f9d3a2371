import type { Value } from '@snp/onnx';
import { TapBuilder } from './build.js';
import type { Tap } from './tap.js';

/**
 * Uncentred second moments over a batch and all its tokens: output [d + 2, d] with X^T X in the first d rows, then the sums
 * of the columns of X, then the number of rows of X in every column. X has a row per position of the other axes and a column
 * per position of axis `feature`. Single precision, as the values themselves; add batches up in double.
 *
 * @param rank Number of axes of the value.
 */
export function secondMomentsTap(value: Value, rank: number, feature: number): Tap {
  return {
    name: `secondMoments/${value.name}`,
    build(model) {
      const build = new TapBuilder(model);
      const others = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== feature);
      const last = build.transpose(model.graph.value(value.name), [...others, feature]);
      const size = build.op('Slice', [build.op('Shape', [last]), build.integers([-1]), build.integers([2 ** 31])]);
      const rows = build.op('Reshape', [last, build.op('Concat', [build.integers([-1]), size], { axis: 0 })]);
      const products = build.op('MatMul', [build.transpose(rows, [1, 0]), rows]);
      const sums = build.op('Unsqueeze', [build.sum(rows, [0]), build.integers([0])]);
      const count = build.op('Slice', [build.op('Shape', [rows]), build.integers([0]), build.integers([1])]);
      const counts = build.op('Expand', [build.op('Cast', [count], { to: 1 }), build.op('Shape', [sums])]);
      const all = build.op('Concat', [products, sums, counts], { axis: 0 });
      all.type = { elementType: 'FLOAT', shape: undefined };
      return all;
    },
  };
}

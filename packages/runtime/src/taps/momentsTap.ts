import type { Value } from '@snp/onnx';
import { TapBuilder } from './build.js';
import type { Tap } from './tap.js';

/**
 * Sums over a batch, in float64: output [3, positions] with the sum, the sum of squares and the number of elements for
 * every position along `channels` (in the order of the value's axes, row-major).
 */
export function momentsTap(value: Value, rank: number, channels: readonly number[]): Tap {
  return {
    name: `moments/${value.name}`,
    build(model) {
      const build = new TapBuilder(model);
      const x = build.double(model.graph.value(value.name));
      const others = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !channels.includes(axis));
      const flat = (sums: Value) => build.reshape(sums, [1, -1]);
      const sums = flat(build.sum(x, others));
      const squares = flat(build.sum(build.op('Mul', [x, x]), others));
      const share = build.op('Div', [build.double(build.op('Size', [x])), build.double(build.op('Size', [sums]))]);
      const counts = build.op('Expand', [share, build.op('Shape', [sums])]);
      const all = build.op('Concat', [sums, squares, counts], { axis: 0 });
      all.type = { elementType: 'DOUBLE', shape: undefined };
      return all;
    },
  };
}

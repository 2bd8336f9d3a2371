import type { Value } from '@snp/onnx';
import { TapBuilder } from './build.js';
import { type GramAxes, gramTap } from './gramTap.js';
import type { Tap } from './tap.js';

/** The sum over samples of `gramTap`: X^T X of every head over samples and tokens, in float64, output [heads, d, d]. */
export function headMomentsTap(value: Value, axes: GramAxes): Tap {
  const gram = gramTap(value, axes);
  return {
    name: `headMoments/${value.name}`,
    build(model) {
      const build = new TapBuilder(model);
      const products = gram.build(model);
      const size = build.slice(build.op('Shape', [products]), -1, 2 ** 31 - 1, 0);
      const apart = build.op('Concat', [build.integers([-1, axes.heads]), size, size], { axis: 0 });
      const sum = build.sum(build.op('Reshape', [products, apart]), [0]);
      sum.type = { elementType: 'DOUBLE', shape: undefined };
      return sum;
    },
  };
}

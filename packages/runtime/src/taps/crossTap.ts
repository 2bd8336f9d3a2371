import { Tensor, type Value } from '@snp/onnx';
import { TapBuilder } from './build.js';
import { PICKING_OPSET, RowPlaces } from './rowPlaces.js';
import type { Tap } from './tap.js';

/**
 * Sums of products of the rows of two values over a batch, each row with a 1 behind it: output [left + 1, right + 1], whose last row holds the sums of `right`, the last
 * column those of `left`, and the last number the count of rows.
 *
 * @param left Taps of rows, `rowsTap`, without heads; of as many rows.
 * @param layer Weights [features, outputs] that the rows of `right` go through first. Default none.
 */
export function crossTap(left: Tap, right: Tap, layer?: Tensor): Tap {
  return {
    name: `cross/${left.name}/${right.name}`,
    build(model) {
      const build = new TapBuilder(model);
      const withOnes = (rows: Value) => {
        const sizes = build.op('Concat', [build.slice(build.op('Shape', [rows]), 0, 1, 0), build.integers([1])], {
          axis: 0,
        });
        const one = model.graph.addInitializer('tap_number', Tensor.float32([1, 1], Float32Array.of(1)));
        return build.op('Concat', [rows, build.op('Expand', [one, sizes])], { axis: 1 });
      };
      const places = new RowPlaces(model);
      const rowsOf = (tap: Tap) => {
        const all = tap.build(model);
        return build.reshape(
          tap.rows !== undefined && model.opset >= PICKING_OPSET ? places.pick(all, tap.rows) : all,
          [0, -1],
        );
      };
      const x = withOnes(rowsOf(left));
      const rows = rowsOf(right);
      const y = withOnes(layer ? build.op('MatMul', [rows, model.graph.addInitializer('tap_layer', layer)]) : rows);
      const products = build.op('MatMul', [build.transpose(x, [1, 0]), y]);
      products.type = { elementType: 'FLOAT', shape: undefined };
      return products;
    },
  };
}

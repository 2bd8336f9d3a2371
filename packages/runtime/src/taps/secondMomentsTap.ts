import type { Value } from '@snp/onnx';
import { TapBuilder } from './build.js';
import type { Tap } from './tap.js';

/** What a tap of second moments looks at. */
export interface SecondMomentsAxes {
  /** Number of axes of the value. */
  rank: number;
  /** Axis of the features. */
  feature: number;
  /** Size of that axis. */
  width: number;
  /** Take no more rows per run than about this: every so many, others in every batch. Default all. */
  rows?: number | undefined;
}

/** Columns per block of the products, at least. */
const BLOCK = 192;

/** Start and end of the blocks of columns that `secondMomentsTap` multiplies with one another: the lower ones of a symmetric matrix are left out. */
function momentBlocks(width: number): { start: number; end: number }[] {
  const count = Math.max(1, Math.min(4, Math.floor(width / BLOCK)));
  const at = (block: number) => Math.round((block * width) / count);
  return Array.from({ length: count }, (_, block) => ({ start: at(block), end: at(block + 1) }));
}

/**
 * Uncentred second moments over a batch and all its tokens. X has a row per position of the other axes and a column per
 * position of axis `feature`. Output, one after the other: X_a^T X_b for the blocks of `momentBlocks`, a <= b, row-major; the sum of each column of X; the number
 * of rows. `secondMomentsOf` takes it apart. Single precision, as the values themselves; add batches up in double.
 */
export function secondMomentsTap(value: Value, { rank, feature, width, rows: wanted }: SecondMomentsAxes): Tap {
  return {
    name: `secondMoments/${value.name}`,
    build(model) {
      const build = new TapBuilder(model);
      const others = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== feature);
      const last = build.transpose(model.graph.value(value.name), [...others, feature]);
      const every = build.reshape(last, [-1, width]);
      // Older operators cannot compute with such sizes.
      const rows = wanted === undefined || model.opset < 12 ? every : someRows(build, every, wanted);
      const blocks = momentBlocks(width);
      const columns = blocks.map(({ start, end }) => (blocks.length === 1 ? rows : build.slice(rows, start, end, 1)));
      const flat = (part: Value) => build.reshape(part, [-1]);
      const products = columns.flatMap((a, i) => {
        const transposed = build.transpose(a, [1, 0]);
        return columns.slice(i).map((b) => flat(build.op('MatMul', [transposed, b])));
      });
      const count = build.slice(build.op('Shape', [rows]), 0, 1, 0);
      const parts = [...products, build.sum(rows, [0]), build.op('Cast', [count], { to: 1 })];
      const all = build.op('Concat', parts, { axis: 0 });
      all.type = { elementType: 'FLOAT', shape: undefined };
      return all;
    },
  };
}

/** Every n-th row, from another one on in every batch. */
function someRows(build: TapBuilder, rows: Value, wanted: number): Value {
  const total = build.slice(build.op('Shape', [rows]), 0, 1, 0);
  const stride = build.op('Max', [
    build.op('Div', [total, build.integers([Math.max(1, Math.round(wanted))])]),
    build.integers([1]),
  ]);
  const start = build.op('Mod', [build.batchNumber(), stride]);
  return build.op('Slice', [rows, start, build.integers([2 ** 31]), build.integers([0]), stride]);
}

/** Moments from (a sum of) what `secondMomentsTap` gives: products [width, width], sums [width], and the number of rows. */
export function secondMomentsOf(data: Float32Array | Float64Array, width: number) {
  const products = new Float64Array(width * width);
  const blocks = momentBlocks(width);
  let at = 0;
  for (const [a, rows] of blocks.entries()) {
    for (const columns of blocks.slice(a)) {
      for (let i = rows.start; i < rows.end; i++) {
        for (let j = columns.start; j < columns.end; j++, at++) {
          products[i * width + j] = data[at];
          products[j * width + i] = data[at];
        }
      }
    }
  }
  return { products, sums: Float64Array.from(data.subarray(at, at + width)), count: data[at + width] };
}

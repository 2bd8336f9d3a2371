import { dataTypeCode, type Value } from '@snp/onnx';
import { TapBuilder } from './build.js';
import type { Tap } from './tap.js';

/** What a tap of rows looks at. */
export interface RowsAxes {
  /** Number of axes of the value. */
  rank: number;
  /** Axis of the features. */
  feature: number;
  /** Features, of one head where there are heads. */
  width: number;
  /** Axis that counts heads; the same as `feature` where each head's features follow one another on one axis. */
  head?: number | undefined;
  /** Number of heads. Default 1. */
  heads?: number | undefined;
  /** Take no more rows per run than this: spread evenly over all, others in every batch. Default all. */
  rows?: number | undefined;
}

/**
 * The rows of a value: output [rows, heads, width], with a row per position of all other axes, for `moments` of `runTapped`, which adds up their second
 * moments where the model runs.
 */
export function rowsTap(value: Value, axes: RowsAxes): Tap {
  const { rank, feature, width, head = feature, heads = 1, rows } = axes;
  return {
    name: `rows/${value.name}`,
    build(model) {
      const build = new TapBuilder(model);
      const last = head === feature ? [feature] : [head, feature];
      const others = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !last.includes(axis));
      const inOrder = build.transpose(model.graph.value(value.name), [...others, ...last]);
      const every = build.reshape(inOrder, [-1, heads, width]);
      // Older operators cannot compute with such sizes.
      const some = rows === undefined || model.opset < 12 ? every : spread(build, every, rows);
      some.type = { elementType: 'FLOAT', shape: undefined };
      return some;
    },
  };
}

/** What is added to the place of the rows with each batch, in stretches: by the golden ratio, so that places come again late and lie apart. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** One row of each of `wanted` stretches of equal length, at another place of the stretch in every batch. */
function spread(build: TapBuilder, rows: Value, wanted: number): Value {
  const total = build.slice(build.op('Shape', [rows]), 0, 1, 0);
  const count = build.op('Min', [total, build.integers([Math.max(1, Math.round(wanted))])]);
  const length = build.op('Div', [build.double(total), build.double(count)]);
  const turns = build.op('Mul', [build.double(build.batchNumber()), build.number(GOLDEN)]);
  const place = build.op('Sub', [turns, build.op('Floor', [turns])]);
  const at = build.op('Floor', [build.op('Mul', [build.op('Add', [build.range(count), place]), length])]);
  return build.op('Gather', [rows, build.op('Cast', [at], { to: dataTypeCode('INT64') })], { axis: 0 });
}

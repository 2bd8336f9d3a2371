import type { Value } from '@snp/onnx';
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
 * The rows of a value in float32: output [rows, heads, width], with a row per position of all other axes, for `moments` of `runTapped`, which adds up their second
 * moments where the model runs.
 */
export function rowsTap(value: Value, axes: RowsAxes): Tap {
  const { rank, feature, width, head = feature, heads = 1, rows } = axes;
  return {
    name: `rows/${value.name}`,
    rows,
    build(model) {
      const build = new TapBuilder(model);
      const last = head === feature ? [feature] : [head, feature];
      const others = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !last.includes(axis));
      const inOrder = build.transpose(build.single(model.graph.value(value.name)), [...others, ...last]);
      const every = build.reshape(inOrder, [-1, heads, width]);
      every.type = { elementType: 'FLOAT', shape: undefined };
      return every;
    },
  };
}

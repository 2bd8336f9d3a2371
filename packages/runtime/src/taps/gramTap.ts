import type { Value } from '@snp/onnx';
import { TapBuilder } from './build.js';
import type { Tap } from './tap.js';

/** How the axes of a value are to be read. */
export interface GramAxes {
  rank: number;
  /** Axis of the d neurons. */
  feature: number;
  /** Axis that counts heads; the same as `feature` where each head's neurons follow one another on one axis. */
  head?: number | undefined;
  /** Number of heads; needed where they share the neurons' axis. */
  heads: number;
}

function axesWithout(rank: number, taken: readonly number[]): number[] {
  return Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !taken.includes(axis));
}

/**
 * The Gram matrix X^T X of every sample and head over tokens, in float64: output [samples x heads, d, d], samples outside.
 * The first axis of the value holds samples (or samples x heads), the others tokens; where that leaves none, there is one sample, and the first axis holds its tokens.
 */
export function gramTap(value: Value, axes: GramAxes): Tap {
  return {
    name: `gram/${value.name}`,
    build(model) {
      const build = new TapBuilder(model);
      let x = model.graph.value(value.name);
      let { rank, feature, head } = axes;
      if (head === feature) {
        // The shared axis goes to the end, where it comes apart whatever the others are.
        x = build.transpose(x, [...axesWithout(rank, [feature]), feature]);
        x = build.reshape(x, [...Array(rank - 1).fill(0), axes.heads, -1]);
        head = rank - 1;
        feature = rank;
        rank += 1;
      }
      const countsSamples = feature !== 0 && (head === 0 || axesWithout(rank, [0, feature, head ?? 0]).length > 0);
      if (!countsSamples) {
        x = build.unsqueeze(x);
        [rank, feature, head] = [rank + 1, feature + 1, head === undefined ? undefined : head + 1];
      }
      const leading = [0, ...(head === undefined || head === 0 ? [] : [head])];
      const tokens = axesWithout(rank, [...leading, feature]);
      const wide = build.double(x);
      const spread = build.transpose(wide, [...leading, feature, ...tokens]);
      // Windows and the tokens in them are all tokens.
      const columns = tokens.length === 1 ? spread : build.reshape(spread, [...leading.map(() => 0), 0, -1]);
      const last = leading.length;
      const rows = build.transpose(columns, [...leading.keys(), last + 1, last]);
      const gram = build.op('MatMul', [columns, rows]);
      gram.type = { elementType: 'DOUBLE', shape: undefined };
      return gram;
    },
  };
}

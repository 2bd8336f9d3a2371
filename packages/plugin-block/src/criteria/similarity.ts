import {
  type Criterion,
  defineCriterion,
  type Group,
  SnpError,
  type Tap,
  TapBuilder,
  type Value,
} from '@snp/core/plugin';
import type { BlockUnit } from '../blockUnit.js';

/**
 * How much a part turns the residual stream: 1 - cos(stream before, stream after), the mean over tokens of calibration samples (the block influence
 * of ShortGPT, arXiv 2403.03853). What turns it least leaves.
 */
export function similarity(): Criterion {
  return defineCriterion({
    name: 'similarity',
    statistics: {
      cosines: {
        taps: (group: Group) => ('input' in group ? [cosinesTap(group as BlockUnit)] : []),
        accumulate: () => {
          let [cosines, tokens] = [0, 0];
          return {
            add: ([batch]) => {
              cosines += (batch.data as Float64Array)[0];
              tokens += (batch.data as Float64Array)[1];
            },
            finish: () => cosines / tokens,
          };
        },
      },
    },
    score({ id }, { cosines }) {
      if (cosines === undefined) {
        throw new SnpError(
          'calibration',
          `Similarity compares the residual stream before and after '${id}' on typical inputs: give it calibration data, or choose the criterion 'random'.`,
          { group: id },
        );
      }
      return Float64Array.of(1 - cosines);
    },
  });
}

/** Sum of the cosines of all tokens, and their number: [2]. */
function cosinesTap({ input, output }: BlockUnit): Tap {
  return {
    name: `cosines/${output.name}`,
    build(model) {
      const build = new TapBuilder(model);
      const [x, y] = [input, output].map((value) => build.double(model.graph.value(value.name)));
      const dot = (a: Value, b: Value) => build.sum(build.op('Mul', [a, b]), [-1]);
      const product = dot(x, y);
      const cosines = build.op('Div', [product, build.op('Sqrt', [build.op('Mul', [dot(x, x), dot(y, y)])])]);
      // Tokens that are all zeros, as padding may be, have no direction: they count as turned.
      const finite = build.op('Where', [build.op('IsNaN', [cosines]), product, cosines]);
      const total = build.sum(build.reshape(finite, [1, -1]), [-1]);
      const tokens = build.reshape(build.double(build.op('Size', [finite])), [1]);
      const sums = build.op('Concat', [total, tokens], { axis: 0 });
      sums.type = { elementType: 'DOUBLE', shape: [2] };
      return sums;
    },
  };
}

import type { Model } from '@snp/onnx';
import { momentsTap, type RuntimeTensor, type Tap } from '@snp/runtime';
import { biasedOutputs } from '../layers/outputBias.js';
import type { OutputSums } from '../statistics/statistics.js';

/** Taps of the sums of all outputs that end in a bias of their own. */
export function outputTaps(model: Model, rankOf: (name: string) => number | undefined): Tap[] {
  return biasedOutputs(model).flatMap(({ output }) => {
    const rank = rankOf(output.name);
    return rank ? [{ ...momentsTap(output, rank, [rank - 1]), name: `${PREFIX}${output.name}` }] : [];
  });
}

const PREFIX = 'outputs/';

/** What those taps gave, by name of the output. */
export function outputSums(sums: ReadonlyMap<string, RuntimeTensor>): Map<string, OutputSums> {
  return new Map(
    [...sums].flatMap(([name, { dims, data }]): [string, OutputSums][] => {
      if (!name.startsWith(PREFIX)) return [];
      // [3, width]: sums, squares, counts.
      const width = dims[1];
      const all = data as Float64Array;
      return [[name.slice(PREFIX.length), { rows: all[2 * width], sums: all.slice(0, width) }]];
    }),
  );
}

import type { Analysis, Branch } from '@snp/graph';
import { Tensor } from '@snp/onnx';
import { crossTap, type RuntimeTensor, rowsTap, type Tap } from '@snp/runtime';
import { type LastLayer, lastLayer, positionRows, predecessorsOf } from '../layers/branchLayers.js';
import type { CrossMoments } from '../statistics/moments.js';
import { enoughRows, type SecondMomentsOptions } from './secondMoments.js';

/** Branches that are looked at before each: attention and FFN of a block may leave together. */
const PREDECESSORS = 2;

/** Taps of the cross moments of all branches, to be summed. */
export function crossTaps({ branches }: Analysis, { batches }: SecondMomentsOptions = {}): Tap[] {
  return branches.flatMap((branch) => {
    const own = lastLayer(branch);
    if (typeof own === 'string') return [];
    const outputs = own.member.initializer.tensor!.dims[1 - own.member.axis];
    return predecessorsOf(branch, branches)
      .slice(0, PREDECESSORS)
      .map(({ layer }, distance) => {
        const rows = enoughRows(batches, layer.inputAt.length);
        const tap = crossTap(
          rowsOf(layer, rows),
          rowsOf(own, rows),
          Tensor.float32([own.inputAt.length, outputs], Float32Array.from(positionRows(own))),
        );
        return { ...tap, name: nameOf(branch, distance) };
      });
  });
}

/** What those taps gave, by id of the branch; the moments with its nearest predecessor come first. */
export function crossMoments(
  { branches }: Analysis,
  sums: ReadonlyMap<string, RuntimeTensor>,
): Map<string, CrossMoments[]> {
  return new Map(
    branches.flatMap((branch): [string, CrossMoments[]][] => {
      const found = predecessorsOf(branch, branches)
        .slice(0, PREDECESSORS)
        .flatMap(({ layer }, distance) => {
          const sum = sums.get(nameOf(branch, distance));
          return sum ? [unpackCross(sum, layer)] : [];
        });
      return found.length > 0 ? [[branch.id, found]] : [];
    }),
  );
}

function nameOf({ id }: Branch, distance: number): string {
  return `cross/${distance}/${id}`;
}

function rowsOf({ site, inputAt }: LastLayer, rows: number | undefined): Tap {
  return rowsTap(site.value, { rank: site.rank, feature: site.axis, width: inputAt.length, rows });
}

/** What a `crossTap` of the neurons that a layer reads gave, [positions + 1, outputs + 1], by its inputs. */
export function unpackCross({ dims, data }: RuntimeTensor, { inputAtSite }: LastLayer): CrossMoments {
  const all = data as Float64Array;
  const width = dims[1];
  const outputs = width - 1;
  const moments = {
    count: all[all.length - 1],
    inputs: new Float64Array(inputAtSite.length),
    outputs: all.slice(inputAtSite.length * width, inputAtSite.length * width + outputs),
    products: new Float64Array(inputAtSite.length * outputs),
  };
  inputAtSite.forEach((input, at) => {
    moments.inputs[input] = all[at * width + outputs];
    moments.products.set(all.subarray(at * width, at * width + outputs), input * outputs);
  });
  return moments;
}

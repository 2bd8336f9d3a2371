import type { Branch } from '@snp/graph';
import type { Algebra } from '../algebra/algebra.js';
import { product } from '../algebra/product.js';
import { addToLayer, lastLayer, type Predecessor, predecessorsOf } from '../layers/branchLayers.js';
import { readerRows, writeReader } from '../layers/linearReader.js';
import { shiftBias } from '../layers/outputBias.js';
import type { Weights } from '../layers/weights.js';
import type { GroupMoments } from '../statistics/moments.js';
import type { AffineMap } from './affineMap.js';
import type { Compensation } from './compensation.js';

/** How a branch of the residual stream is left out. */
export interface BranchCompensation extends Compensation {
  /** As `errors[0]`, when all these branches leave. */
  errorWithout(gone: ReadonlySet<string>): number;
  /** @param gone Ids of all branches that leave: they can take nothing over. */
  apply(kept: readonly number[], weights: Weights, algebra?: Algebra, gone?: ReadonlySet<string>): Promise<boolean>;
}

/** What is known of the branches of a model. */
export interface KnownBranches {
  branches: readonly Branch[];
  /** By group id, those of branches included. */
  moments: ReadonlyMap<string, GroupMoments>;
  /** How the neurons that a branch's last layer reads are compensated. */
  neurons: ReadonlyMap<string, Compensation>;
  /** Maps onto the predecessors of each branch, by its id; without them it leaves its mean. */
  maps: ReadonlyMap<string, readonly (AffineMap | undefined)[]>;
}

/**
 * A branch that leaves is replaced by the affine map that comes closest to it, of the neurons behind the branch before it: the last layer of that, which is added to the same stream,
 * does the work of both, exactly, for nothing looks at the stream between the two. Where nothing is known of both together, or the branch before leaves too, the mean is
 * all that one still further in front takes over, in its bias.
 *
 * @returns Why it cannot be done, if so.
 */
export function leaveOut(
  branch: Branch,
  { branches, moments, neurons, maps }: KnownBranches,
): BranchCompensation | string {
  const layer = lastLayer(branch);
  if (typeof layer === 'string') return layer;
  const own = moments.get(layer.group.id)?.secondMoments;
  const inner = neurons.get(layer.group.id);
  if (!own || !inner) return 'has no statistics';
  const weights = readerRows(layer);
  const inputs = layer.inputAt.length;
  const outputs = weights.length / inputs;
  const centre = Float64Array.from(own.sums, (sum) => sum / own.count);
  const mean = product(centre, weights, 1, inputs, outputs);
  const ownMean = squares(mean);
  const bias = layer.bias && Float64Array.from(layer.bias.tensor!.numbers());
  if (bias) for (const [o, element] of bias.entries()) mean[o] += element;
  // All neurons gone: about their mean, or about zero where there is no bias to take that.
  const variance = Math.max(0, inner.errors[0] - (bias ? 0 : ownMean));
  const predecessors = predecessorsOf(branch, branches);
  const mapped = maps.get(branch.id) ?? [];
  /** The nearest one that stays and can take something over. */
  const predecessorOf = (gone: ReadonlySet<string>) => {
    const at = predecessors.findIndex(
      (predecessor, distance) => !gone.has(predecessor.branch.id) && (predecessor.layer.bias || mapped[distance]),
    );
    return at < 0 ? undefined : { ...predecessors[at], map: mapped[at] };
  };
  const errorWithout = (gone: ReadonlySet<string>) => {
    const predecessor = predecessorOf(gone);
    const whole = predecessor?.layer.bias ? variance : variance + squares(mean);
    return Math.max(0, whole - (predecessor?.map?.explained ?? 0));
  };
  const alone = new Set([branch.id]);
  const nearest = predecessorOf(alone);
  return {
    group: branch,
    name: nearest?.map ? 'affine map' : nearest ? 'mean' : 'nothing',
    errors: Float64Array.of(errorWithout(alone), 0),
    errorWithout,
    select: (keep) => (keep > 0 ? [0] : []),
    touches: [
      layer.member.initializer,
      layer.bias,
      ...predecessors.flatMap((predecessor, distance) => [
        mapped[distance] && predecessor.layer.member.initializer,
        predecessor.layer.bias,
      ]),
    ].flatMap((value) => value ?? []),
    async apply(kept, edits, _, gone = alone) {
      if (kept.length > 0) return true;
      writeReader(layer, [], { weights: new Float64Array(0), offset: new Float64Array(outputs) }, edits);
      if (layer.bias) edits.write(layer.bias, new Float32Array(outputs));
      const predecessor = predecessorOf(gone);
      if (predecessor) takeOver(predecessor, mean, edits);
      return true;
    },
  };
}

/** Adds the map to the predecessor's last layer, and what it does not give of the mean to the bias. */
function takeOver(
  { layer, map }: Predecessor & { map: AffineMap | undefined },
  mean: Float64Array,
  weights: Weights,
): void {
  if (!map) {
    if (layer.bias) shiftBias(layer.bias, mean, weights);
    return;
  }
  addToLayer(layer, { weights: map.weights, offset: mean.map((element, o) => element - map.atMeans[o]) }, weights);
}

function squares(numbers: Float64Array): number {
  return numbers.reduce((sum, x) => sum + x * x, 0);
}

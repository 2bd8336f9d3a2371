import type { Branch } from '@snp/graph';
import type { Algebra } from '../algebra/algebra.js';
import { covarianceOf, meanVariance } from '../algebra/covariance.js';
import { product } from '../algebra/product.js';
import { type LastLayer, lastLayer, predecessorsOf } from '../layers/branchLayers.js';
import type { CrossMoments, GroupMoments } from '../statistics/moments.js';

/**
 * Ridge beside the mean variance of the neurons. Hundreds of neurons predict a few hundred samples by chance, late branches most of all: with that of other refits the map of the
 * last blocks of DeiT-Tiny is worse than the mean on samples that it has not seen, with this one hardly ever, and where there is something to predict, little is lost.
 */
const FIRM = 0.5;

/** The affine map of the neurons of one branch that comes closest to the output of another. */
export interface AffineMap {
  /** [neurons, outputs] */
  weights: Float32Array;
  /** What it gives for the means of the neurons; zeros where it goes through zero. */
  atMeans: Float64Array;
  /** What it explains of the mean square of the output: about its mean, or about zero. */
  explained: number;
}

/**
 * The maps from the neurons of earlier branches to the output of every branch, by ridge regression over calibration data: A = (C_xx + l I)^-1 C_xy, about means where the
 * last layer of the earlier branch has a bias to take them, else about zero.
 *
 * @param moments By group id, those of branches included.
 * @returns By branch id, in the order of its predecessors; undefined where the statistics give no finite answer.
 */
export async function affineMaps(
  branches: readonly Branch[],
  moments: ReadonlyMap<string, GroupMoments>,
  algebra: Algebra,
): Promise<Map<string, (AffineMap | undefined)[]>> {
  const maps = new Map<string, (AffineMap | undefined)[]>();
  const targets = branches.flatMap((branch) => {
    const cross = moments.get(branch.id)?.crossMoments ?? [];
    maps.set(branch.id, []);
    return predecessorsOf(branch, branches).flatMap(({ layer }, distance) =>
      cross[distance] ? [{ branch, distance, layer, cross: cross[distance] }] : [],
    );
  });
  // Those onto one layer share its inverse.
  for (const id of new Set(targets.map(({ layer }) => layer.group.id))) {
    const own = targets.filter(({ layer }) => layer.group.id === id);
    const found = await mapsOnto(own[0].layer, own, moments.get(id), algebra);
    for (const [at, { branch, distance }] of own.entries()) maps.get(branch.id)![distance] = found[at];
  }
  return maps;
}

async function mapsOnto(
  { bias }: LastLayer,
  targets: readonly { branch: Branch; cross: CrossMoments }[],
  moments: GroupMoments | undefined,
  algebra: Algebra,
): Promise<(AffineMap | undefined)[]> {
  if (!moments?.secondMoments) return [];
  const centred = bias !== undefined;
  const covariance = covarianceOf(moments.secondMoments, { centred });
  const { size, matrix, centre } = covariance;
  const ridge = FIRM * meanVariance(covariance);
  if (!(ridge > 0)) return [];
  for (let i = 0; i < size; i++) matrix[i * (size + 1)] += ridge;
  const across = targets.map(({ branch, cross }) => acrossOf(branch, cross, centred));
  const solutions = await algebra.solve(matrix, size, across);
  return solutions.map((weights, target) => {
    if (!weights?.every(Number.isFinite)) return undefined;
    const outputs = weights.length / size;
    // E|y|^2 - E|y - x A|^2 = 2 <A, C_xy> - <A, C A>, and C A = C_xy - l A.
    let explained = 0;
    for (let at = 0; at < weights.length; at++) explained += weights[at] * (across[target][at] + ridge * weights[at]);
    return { weights: Float32Array.from(weights), atMeans: product(centre, weights, 1, size, outputs), explained };
  });
}

/** Covariance of neurons and the output of a branch, or their products about zero, bias included. */
function acrossOf(branch: Branch, { count, inputs, outputs, products }: CrossMoments, centred: boolean): Float64Array {
  const layer = lastLayer(branch) as LastLayer;
  const bias = layer.bias?.tensor?.numbers();
  const shift = Float64Array.from(outputs, (sum, o) => (centred ? -sum / count : Number(bias?.[o] ?? 0)));
  const across = new Float64Array(products.length);
  for (let i = 0, at = 0; i < inputs.length; i++) {
    const mean = inputs[i] / count;
    for (let o = 0; o < outputs.length; o++, at++) across[at] = products[at] / count + mean * shift[o];
  }
  return across;
}

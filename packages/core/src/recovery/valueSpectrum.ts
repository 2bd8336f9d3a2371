import { symmetricEigen } from '@snp/runtime';
import { product, transpose } from '../algebra/product.js';
import { symmetricRoots } from '../algebra/symmetricRoots.js';

/** The best mixtures of one head's values, most important first. */
export interface ValueSpectrum {
  width: number;
  /** Mean square of the output projection's change if mixture i is left out. */
  errors: Float64Array;
  /** P, [width, width]: column i makes mixture i of the neurons. */
  mixtures: Float64Array;
}

/**
 * Mixtures of value neurons whose first r carry most of what the output projection makes of the head, for every r: the
 * left singular vectors U of C^(1/2) W, P = C^(-1/2) U (MoDeGPT, arXiv 2408.09632, type III).
 *
 * @param covariance Of the head's outputs, [width, width].
 * @param weights Rows of the output projection that read the head, [width, outputs].
 * @returns Undefined if the statistics give no finite answer.
 */
export function valueSpectrum(
  covariance: Float64Array,
  weights: Float64Array,
  width: number,
): ValueSpectrum | undefined {
  const roots = symmetricRoots(covariance, width, FLOOR);
  if (!roots) return undefined;
  const outputs = weights.length / width;
  const carried = product(roots.root, weights, width, width, outputs);
  const gram = product(carried, transpose(carried, width, outputs), width, outputs, width);
  const { values, vectors } = symmetricEigen(gram, width);
  const errors = values.map((value) => Math.max(0, value));
  const mixtures = product(roots.inverse, transpose(vectors, width, width), width, width, width);
  return errors.every(Number.isFinite) && mixtures.every(Number.isFinite) ? { width, errors, mixtures } : undefined;
}

/** Larger than for attention scores: what is divided by the root goes straight into weights. */
const FLOOR = 1e-4;

import { symmetricEigen } from '@snp/runtime';
import { factorOf } from '../algebra/factor.js';
import { product, rowProducts, transpose } from '../algebra/product.js';

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
 * left singular vectors U of L^T W, where C = L L^T, and P = L^-T U (MoDeGPT, arXiv 2408.09632, type III, which takes the symmetric root; any other
 * gives the same mixtures).
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
  const factor = factorOf(covariance, width, FLOOR);
  if (!factor) return undefined;
  const { lower, inverse } = factor;
  const outputs = weights.length / width;
  const seen = product(rowProducts(weights, width, outputs), lower, width, width, width);
  const gram = product(transpose(lower, width, width), seen, width, width, width);
  const { values, vectors } = symmetricEigen(gram, width);
  const errors = values.map((value) => Math.max(0, value));
  const mixtures = transpose(product(vectors, inverse, width, width, width), width, width);
  return errors.every(Number.isFinite) && mixtures.every(Number.isFinite) ? { width, errors, mixtures } : undefined;
}

/** Larger than for attention scores: what is divided by the root goes straight into weights. */
const FLOOR = 1e-4;

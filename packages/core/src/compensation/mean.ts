import { centreOf, variancesOf } from '../algebra/covariance.js';
import { singleRows } from '../layers/linearReader.js';
import type { CompensationMethod } from './method.js';
import { byPower, readerOf, refitReader } from './refitReader.js';

/** Neurons that leave become their means, which the bias of the layer behind takes. Those stay that carry most. */
export const mean: CompensationMethod = {
  statistics: ['secondMoments'],
  prepare(group, { moments }) {
    const found = readerOf(group, moments);
    if (typeof found === 'string') return found;
    const { reader, secondMoments } = found;
    if (!reader.bias) return 'is read by a layer without a bias to take the mean';
    const variances = variancesOf(secondMoments, centreOf(secondMoments, true));
    return refitReader(group, found, {
      name: 'mean',
      ridge: Number.POSITIVE_INFINITY,
      ...byPower(group, variances, singleRows(reader)),
    });
  },
};

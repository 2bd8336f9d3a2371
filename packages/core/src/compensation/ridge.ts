import { centreOf, variancesOf } from '../algebra/covariance.js';
import { singleRows } from '../layers/linearReader.js';
import type { CompensationMethod } from './method.js';
import { byPower, readerOf, refitReader } from './refitReader.js';

/** Neurons that leave are predicted from those that stay, by ridge regression in the layer behind. Those stay that carry most. */
export const ridge: CompensationMethod = {
  statistics: ['secondMoments'],
  prepare(group, { moments }) {
    const found = readerOf(group, moments);
    if (typeof found === 'string') return found;
    const { reader, secondMoments } = found;
    const variances = variancesOf(secondMoments, centreOf(secondMoments, reader.bias !== undefined));
    return refitReader(group, found, { name: 'ridge', ...byPower(group, variances, singleRows(reader)) });
  },
};

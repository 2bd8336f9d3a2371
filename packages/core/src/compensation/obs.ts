import { CHOOSING_RIDGE } from '../algebra/ridge.js';
import { linearReader, outputsOf, singleRows } from '../layers/linearReader.js';
import { tails } from './compensation.js';
import type { CompensationMethod } from './method.js';
import { readerOf, refitReader } from './refitReader.js';
import { ridge } from './ridge.js';

/**
 * Optimal brain surgeon for layers (Hassibi and Stork 1993; OBC, arXiv 2208.11580; by whole neurons as in ZipLM, arXiv 2302.04089): neurons leave one after the other, each time the one whose part the
 * others can take over best, and the layer behind is refitted to those that stay. For neurons without heads that are read once; others are picked by what they carry.
 *
 * Where no curve is wanted, neurons are chosen with a firmer ridge than the refit's, which follows chance less.
 */
export const obs: CompensationMethod = {
  statistics: ['secondMoments'],
  expect(group, algebra) {
    const reader = linearReader(group);
    if (typeof reader !== 'string' && reader.repeats === 1) algebra.expectElimination(group.units, outputsOf(reader));
  },
  async prepare(group, input) {
    const { moments, algebra, curves } = input;
    const found = readerOf(group, moments);
    if (typeof found === 'string' || group.lanes > 1 || found.reader.repeats > 1) return ridge.prepare(group, input);
    const { reader, secondMoments } = found;
    const elimination = await algebra.eliminate(secondMoments, singleRows(reader), {
      centred: reader.bias !== undefined,
      ridge: curves ? undefined : CHOOSING_RIDGE,
    });
    if (!elimination) return ridge.prepare(group, input);
    const { order, increments } = elimination;
    return refitReader(group, found, {
      name: 'OBS',
      errors: tails(increments.slice().reverse()),
      select: (keep: number) => order.slice(order.length - keep).sort((a, b) => a - b),
    });
  },
};

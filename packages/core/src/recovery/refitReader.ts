import { type Group, unitsByLane } from '@snp/graph';
import type { Algebra } from '../algebra/algebra.js';
import { centreOf, covarianceOf, variancesOf } from '../algebra/covariance.js';
import type { Elimination } from '../algebra/eliminate.js';
import { RIDGE } from '../algebra/ridge.js';
import type { SecondMoments } from '../statistics/secondMoments.js';
import { linearReader, outputsOf, readerRows, singleRows, writeReader } from './linearReader.js';
import { type RecoveryMethod, tails } from './method.js';
import { refitKept } from './refit.js';

/** How the layer behind makes up for neurons that leave: by their means, or by predicting them from those that stay. */
export type ReaderRefit = 'mean' | 'ridge' | 'surgeon';

/**
 * Value or hidden neurons are picked, and the layer that reads them is refitted to those that stay. With `surgeon`, the
 * neurons of groups without heads are picked by backward elimination; else by what they carry.
 *
 * @param ridge With which the surgeon chooses, beside the mean variance. Default that of the refit, so that its curve tells the error after it.
 * @returns Why it cannot be done, if so.
 */
export async function refitReader(
  group: Group,
  moments: SecondMoments | undefined,
  kind: ReaderRefit,
  algebra: Algebra,
  ridge?: number,
): Promise<RecoveryMethod | string> {
  if (group.kind !== 'value' && group.kind !== 'ffn') return `has no such recovery for groups of kind ${group.kind}`;
  const reader = linearReader(group);
  if (typeof reader === 'string') return reader;
  if (kind === 'mean' && !reader.bias) return 'is read by a layer without a bias to take the mean';
  if (!moments) return 'has no statistics';
  const centred = reader.bias !== undefined;
  const weights = singleRows(reader);
  const picking =
    kind === 'surgeon' && group.lanes === 1
      ? bySurgeon(await algebra.eliminate(moments, weights, { centred, ridge }))
      : undefined;
  const { errors, select } = picking ?? byPower(group, variancesOf(moments, centreOf(moments, centred)), weights);
  return {
    group,
    name: picking ? 'surgeon' : kind === 'mean' ? 'mean' : 'ridge',
    errors,
    select,
    touches: [reader.member.initializer, reader.bias].flatMap((value) => value ?? []),
    async apply(kept, algebra) {
      // As they are by then: the layer may have taken over what a branch behind it gave.
      const refit = await refitKept(covarianceOf(moments, { centred }), kept, readerRows(reader), {
        ridge: kind === 'mean' ? Number.POSITIVE_INFINITY : RIDGE,
        algebra,
      });
      if (!refit) return false;
      writeReader(reader, kept, refit);
      return true;
    },
  };
}

/** Makes ready what `refitReader` takes to eliminate a group's neurons. */
export function expectSurgeon(group: Group, algebra: Algebra): void {
  const reader = linearReader(group);
  if (typeof reader !== 'string') algebra.expectElimination(group.units, outputsOf(reader));
}

function bySurgeon(elimination: Elimination | undefined) {
  if (!elimination) return undefined;
  const { order, increments } = elimination;
  return {
    errors: tails(increments.slice().reverse()),
    select: (keep: number) => order.slice(order.length - keep).sort((a, b) => a - b),
  };
}

/** Units that carry most stay; what the others carry is an upper bound of the error. */
function byPower(group: Group, variances: Float64Array, weights: Float32Array) {
  const outputs = weights.length / group.units;
  const power = Float64Array.from({ length: group.units }, (_, unit) => {
    let square = 0;
    for (let at = unit * outputs; at < (unit + 1) * outputs; at++) square += weights[at] * weights[at];
    return square * variances[unit];
  });
  return byScore(group, power);
}

/** Per head, units in order of a score that is also the error they cost. */
export function byScore(group: Group, scores: Float64Array) {
  const lanes = unitsByLane(group).map((units) => [...units].sort((a, b) => scores[b] - scores[a] || a - b));
  const terms = new Float64Array(group.units / group.lanes);
  for (const units of lanes)
    units.forEach((unit, i) => {
      terms[i] += scores[unit];
    });
  return {
    errors: tails(terms),
    select: (keep: number) => lanes.flatMap((units) => units.slice(0, keep)).sort((a, b) => a - b),
  };
}

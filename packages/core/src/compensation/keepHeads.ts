import type { HeadPart, HeadSet } from '@snp/graph';
import { covarianceOf } from '../algebra/covariance.js';
import { eliminateParts } from '../algebra/eliminateParts.js';
import { inputsOf, linearReader, readerRows } from '../layers/linearReader.js';
import type { SecondMoments } from '../statistics/moments.js';
import { type Compensation, tails } from './compensation.js';

/**
 * Heads that leave whole: those go first whose values the others can take over best, and the output projection is refitted to what is left.
 *
 * @param moments Of the value neurons.
 * @param value How the value neurons are recovered: it does the work, whether all neurons of a head leave or some.
 * @returns Why it cannot be done, if so.
 */
export function keepHeads(
  heads: HeadSet,
  moments: SecondMoments | undefined,
  value: Compensation | undefined,
): Compensation | string {
  const part = valuePart(heads);
  if (!part) return 'has values that are not divided into heads';
  if (!value) return 'has values that cannot be recovered';
  if (!moments) return 'has no statistics';
  const reader = linearReader(part.group);
  if (typeof reader === 'string') return reader;
  const covariance = covarianceOf(moments, { centred: reader.bias !== undefined });
  const elimination = eliminateParts(
    covariance,
    readerRows(reader),
    part.units.map((units) => inputsOf(reader, units)),
  );
  if (!elimination) return 'has statistics without a finite solution';
  const { order, increments } = elimination;
  return {
    group: heads,
    name: value.name,
    errors: tails(increments.slice().reverse()),
    select: (keep) => order.slice(order.length - keep).sort((a, b) => a - b),
    touches: value.touches,
    apply: (kept, weights, algebra) =>
      value.apply(
        kept.flatMap((head) => part.units[head]).sort((a, b) => a - b),
        weights,
        algebra,
      ),
  };
}

/** The value neurons that heads are made of. */
export function valuePart({ parts }: HeadSet): HeadPart | undefined {
  const values = parts.filter(({ group }) => group.kind === 'value');
  return values.length === 1 ? values[0] : undefined;
}

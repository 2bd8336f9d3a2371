import { type NeuronGroup, unitsByLane } from '@snp/graph';
import { covarianceOf } from '../algebra/covariance.js';
import { RIDGE } from '../algebra/ridge.js';
import { inputsOf, type LinearReader, linearReader, readerRows, writeReader } from '../layers/linearReader.js';
import type { GroupMoments, SecondMoments } from '../statistics/moments.js';
import { type Compensation, tails } from './compensation.js';
import { refitKept } from './refit.js';

/** The layer that reads a group's neurons, with what is known of them. */
export interface KnownReader {
  reader: LinearReader;
  secondMoments: SecondMoments;
}

/** The layer that reads a group's neurons, or why it cannot be refitted. */
export function readerOf(group: NeuronGroup, { secondMoments }: GroupMoments): KnownReader | string {
  const reader = linearReader(group);
  if (typeof reader === 'string') return reader;
  return secondMoments ? { reader, secondMoments } : 'has no statistics';
}

/** How neurons are chosen, and the layer behind them is refitted. */
export interface ReaderRefit extends Pick<Compensation, 'name' | 'errors' | 'select'> {
  /** Beside the mean variance. Default `RIDGE`. */
  ridge?: number;
}

/** Neurons are picked, and the layer that reads them is refitted to those that stay. */
export function refitReader(
  group: NeuronGroup,
  { reader, secondMoments }: KnownReader,
  { ridge = RIDGE, ...chosen }: ReaderRefit,
): Compensation {
  const centred = reader.bias !== undefined;
  return {
    group,
    ...chosen,
    touches: [reader.member.initializer, reader.bias].flatMap((value) => value ?? []),
    async apply(kept, weights, algebra) {
      // As they are by then: the layer may have taken over what a branch behind it gave.
      const rows = readerRows(reader, weights);
      const refit = await refitKept(covarianceOf(secondMoments, { centred }), inputsOf(reader, kept), rows, {
        ridge,
        algebra,
      });
      if (!refit) return false;
      writeReader(reader, kept, refit, weights);
      return true;
    },
  };
}

/** Units that carry most stay; what the others carry is an upper bound of the error. Variances and rows of weights are those of the layer's inputs. */
export function byPower(group: NeuronGroup, variances: Float64Array, weights: Float32Array) {
  const outputs = weights.length / variances.length;
  const repeats = variances.length / group.units;
  const power = new Float64Array(group.units);
  for (const [input, variance] of variances.entries()) {
    let square = 0;
    for (let at = input * outputs; at < (input + 1) * outputs; at++) square += weights[at] * weights[at];
    power[Math.floor(input / repeats)] += square * variance;
  }
  return byScore(group, power);
}

/** Per head, units in order of a score that is also the error they cost. */
export function byScore(group: NeuronGroup, scores: Float64Array) {
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

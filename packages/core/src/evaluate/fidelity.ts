import { uniformNumbers } from '@snp/score';

/** How two models' answers compare. An answer is one row of scores: of a picture, or of each token of a text. */
export interface Fidelity {
  samples: number;
  /** Answers that were compared: of a text, its tokens. */
  answers: number;
  /** Share of answers on which both give the same top score. */
  agreement: number;
  /** Mean cosine between the two outputs. */
  cosine: number;
  /** Mean Kullback-Leibler divergence of softmax(second) from softmax(first), in nats. */
  divergence: number;
  /** Largest relative difference: max |a - b| / max |a| over an answer. */
  difference: number;
  /** Where agreement and divergence lie with 95 % confidence, by bootstrap over samples; absent for fewer than eight samples. */
  interval?: { agreement: Interval; divergence: Interval };
}

/** Both ends of an interval, in the unit of what it is about. */
export interface Interval {
  low: number;
  high: number;
}

/** Sums over the answers of one sample. */
interface SampleSums {
  answers: number;
  agreed: number;
  divergence: number;
}

/** Samples that are enough to tell how much they vary. */
const FEWEST = 8;

/** Draws of the bootstrap, and the share of them that lies outside of the interval. */
const DRAWS = 1000;
const OUTSIDE = 0.05;

/** Adds up `Fidelity` over pairs of answers. */
export class FidelityMeter {
  readonly #samples: SampleSums[] = [];
  #first = 0;
  #cosine = 0;
  #difference = 0;

  /** The next `samples` samples come. */
  begin(samples: number): void {
    this.#first = this.#samples.length;
    for (let at = 0; at < samples; at++) this.#samples.push({ answers: 0, agreed: 0, divergence: 0 });
  }

  /**
   * Adds the answers of both models.
   *
   * @param sample Number of the sample among those that `begin` told of.
   */
  add(first: ArrayLike<number>, second: ArrayLike<number>, sample: number): void {
    const sums = this.#samples[this.#first + sample];
    sums.answers++;
    if (argmax(first) === argmax(second)) sums.agreed++;
    sums.divergence += divergence(first, second);
    this.#cosine += cosine(first, second);
    this.#difference = Math.max(this.#difference, relativeDifference(first, second));
  }

  /** Mean divergence so far, without the work of intervals: for searches that ask often. */
  get divergence(): number {
    return total(this.#samples, 'divergence') / Math.max(1, total(this.#samples, 'answers'));
  }

  get result(): Fidelity {
    const all = this.#samples;
    const answers = total(all, 'answers');
    const n = Math.max(1, answers);
    return {
      samples: all.length,
      answers,
      agreement: total(all, 'agreed') / n,
      cosine: this.#cosine / n,
      divergence: this.divergence,
      difference: this.#difference,
      ...(all.length >= FEWEST && { interval: intervals(all) }),
    };
  }
}

const total = (all: readonly SampleSums[], key: keyof SampleSums) => all.reduce((sum, own) => sum + own[key], 0);

/** Percentile bootstrap (Efron 1979) of means over answers, with whole samples drawn: answers of one sample go together. */
function intervals(all: readonly SampleSums[]): NonNullable<Fidelity['interval']> {
  const next = uniformNumbers(1);
  const means = { agreed: new Float64Array(DRAWS), divergence: new Float64Array(DRAWS) };
  for (let draw = 0; draw < DRAWS; draw++) {
    let [answers, agreed, sum] = [0, 0, 0];
    for (let at = 0; at < all.length; at++) {
      const own = all[Math.floor(next() * all.length)];
      answers += own.answers;
      agreed += own.agreed;
      sum += own.divergence;
    }
    means.agreed[draw] = agreed / Math.max(1, answers);
    means.divergence[draw] = sum / Math.max(1, answers);
  }
  const middle = (values: Float64Array): Interval => {
    values.sort();
    return {
      low: values[Math.floor((DRAWS * OUTSIDE) / 2)],
      high: values[Math.ceil(DRAWS * (1 - OUTSIDE / 2)) - 1],
    };
  };
  return { agreement: middle(means.agreed), divergence: middle(means.divergence) };
}

/** Position of the largest element; the first of equal ones. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let at = 1; at < values.length; at++) if (values[at] > values[best]) best = at;
  return best;
}

/** max |a - b| / max |a|: the measure of masked equivalence. */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, scale] = [0, 0];
  for (let at = 0; at < a.length; at++) {
    // Both infinite alike, or both NaN, is no difference; anything else that is not finite is.
    const gap = Object.is(a[at], b[at]) ? 0 : Math.abs(a[at] - b[at]);
    difference = Math.max(difference, Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap);
    if (Number.isFinite(a[at])) scale = Math.max(scale, Math.abs(a[at]));
  }
  return difference === 0 ? 0 : difference / scale;
}

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    dot += a[at] * b[at];
    aa += a[at] * a[at];
    bb += b[at] * b[at];
  }
  return aa === 0 || bb === 0 ? Number(aa === bb) : dot / Math.sqrt(aa * bb);
}

function divergence(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [p, q] = [logSum(a), logSum(b)];
  let sum = 0;
  for (let at = 0; at < a.length; at++) {
    const log = a[at] - p;
    // A score of minus infinity has no probability, whatever the other model says of it.
    if (log !== Number.NEGATIVE_INFINITY) sum += Math.exp(log) * (log - (b[at] - q));
  }
  return sum;
}

/** log(sum(exp)), of which scores are log-probabilities apart. */
export function logSum(values: ArrayLike<number>): number {
  const top = values[argmax(values)];
  if (top === Number.NEGATIVE_INFINITY) return top;
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += Math.exp(values[at] - top);
  return top + Math.log(sum);
}

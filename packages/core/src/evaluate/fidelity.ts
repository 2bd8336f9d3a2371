import type { AnswerKind } from '@snp/runtime';
import { uniformNumbers } from '@snp/score';
import { argmax, cosine, divergence, relativeDifference, squaredError } from './rows.js';
import { type PairedVectors, similarityCorrelation } from './similarityCorrelation.js';

/** How two models' answers compare. An answer is one row of an output: of a picture, or of each token of a text. */
export type Fidelity = ScoreFidelity | EmbeddingFidelity;

/** What can be said of answers of any kind. */
export interface CommonFidelity {
  samples: number;
  /** Answers that were compared: of a text, its tokens. */
  answers: number;
  /** Mean cosine between the two outputs. */
  cosine: number;
  /** Largest relative difference: max |a - b| / max |a| over an answer. */
  difference: number;
}

/** How scores of classes or tokens compare. */
export interface ScoreFidelity extends CommonFidelity {
  kind: 'scores';
  /** Share of answers on which both give the same top score. */
  agreement: number;
  /** Mean Kullback-Leibler divergence of softmax(second) from softmax(first), in nats. */
  divergence: number;
  /** Where agreement and divergence lie with 95 % confidence, by bootstrap over samples; absent for fewer than eight samples. */
  interval?: { agreement: Interval; divergence: Interval };
}

/** How embeddings or hidden states compare. */
export interface EmbeddingFidelity extends CommonFidelity {
  kind: 'embeddings';
  /** The cosine that 5 % of the answers are below. */
  lowCosine: number;
  /** Mean squared error, as a share of the variance of the first answer around its own mean. */
  divergence: number;
  /** Spearman's rank correlation of the cosines between any two samples, by one model and by the other; of a text, the mean over its tokens is looked at. Absent for fewer than three samples. */
  rankCorrelation?: number;
  /** Where cosine and divergence lie with 95 % confidence, by bootstrap over samples; absent for fewer than eight samples. */
  interval?: { cosine: Interval; divergence: Interval };
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
  cosine: number;
  /** Of embeddings: sums over the rows of each output. */
  sums: Map<string, PairedVectors>;
}

/** Samples that are enough to tell how much they vary. */
const FEWEST = 8;

/** Draws of the bootstrap, and the share of them that lies outside of the interval. */
const DRAWS = 1000;
const OUTSIDE = 0.05;

/** The share of answers that are below a low cosine. */
const LOW = 0.05;

/** Samples whose similarities to one another are looked at: the first ones. */
const MOST_PAIRED = 400;

/** Adds up `Fidelity` over pairs of answers. */
export class FidelityMeter {
  readonly #samples: SampleSums[] = [];
  readonly #cosines: number[] = [];
  #first = 0;
  #difference = 0;

  constructor(private readonly kind: AnswerKind = 'scores') {}

  /** The next `samples` samples come. */
  begin(samples: number): void {
    this.#first = this.#samples.length;
    for (let at = 0; at < samples; at++)
      this.#samples.push({ answers: 0, agreed: 0, divergence: 0, cosine: 0, sums: new Map() });
  }

  /**
   * Adds the answers of both models.
   *
   * @param sample Number of the sample among those that `begin` told of.
   * @param output The output that they are rows of.
   */
  add(first: ArrayLike<number>, second: ArrayLike<number>, sample: number, output = ''): void {
    const sums = this.#samples[this.#first + sample];
    const alike = cosine(first, second);
    sums.answers++;
    sums.cosine += alike;
    this.#difference = Math.max(this.#difference, relativeDifference(first, second));
    if (this.kind === 'scores') {
      if (argmax(first) === argmax(second)) sums.agreed++;
      sums.divergence += divergence(first, second);
      return;
    }
    this.#cosines.push(alike);
    sums.divergence += squaredError(first, second);
    if (this.#first + sample < MOST_PAIRED) addTo(sums.sums, output, [first, second]);
  }

  /** Mean divergence so far, without the work of intervals: for searches that ask often. */
  get divergence(): number {
    return mean(this.#samples, 'divergence');
  }

  get result(): Fidelity {
    const all = this.#samples;
    const common = {
      samples: all.length,
      answers: total(all, 'answers'),
      cosine: mean(all, 'cosine'),
      divergence: this.divergence,
      difference: this.#difference,
    };
    const enough = all.length >= FEWEST;
    if (this.kind === 'scores') {
      const agreement = mean(all, 'agreed');
      if (!enough) return { kind: 'scores', ...common, agreement };
      const { agreed, divergence } = intervals(all, ['agreed', 'divergence']);
      return { kind: 'scores', ...common, agreement, interval: { agreement: agreed, divergence } };
    }
    const rankCorrelation = similarityCorrelation(all.slice(0, MOST_PAIRED).map(({ sums }) => sums));
    return {
      kind: 'embeddings',
      ...common,
      lowCosine: quantile(this.#cosines, LOW),
      ...(rankCorrelation !== undefined && { rankCorrelation }),
      ...(enough && { interval: intervals(all, ['cosine', 'divergence']) }),
    };
  }
}

type Summed = 'answers' | 'agreed' | 'divergence' | 'cosine';

const total = (all: readonly SampleSums[], key: Summed) => all.reduce((sum, own) => sum + own[key], 0);

const mean = (all: readonly SampleSums[], key: Summed) => total(all, key) / Math.max(1, total(all, 'answers'));

function addTo(sums: Map<string, PairedVectors>, output: string, rows: readonly ArrayLike<number>[]): void {
  const own = sums.get(output) ?? (rows.map(({ length }) => new Float64Array(length)) as unknown as PairedVectors);
  for (const [at, row] of rows.entries()) for (let each = 0; each < row.length; each++) own[at][each] += row[each];
  sums.set(output, own);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor(share * sorted.length)] ?? 0;
}

/** Percentile bootstrap (Efron 1979) of means over answers, with whole samples drawn: answers of one sample go together. */
function intervals<Key extends Summed>(all: readonly SampleSums[], keys: readonly Key[]): Record<Key, Interval> {
  const next = uniformNumbers(1);
  const means = keys.map(() => new Float64Array(DRAWS));
  for (let draw = 0; draw < DRAWS; draw++) {
    const drawn = Array.from(all, () => all[Math.floor(next() * all.length)]);
    for (const [at, key] of keys.entries()) means[at][draw] = mean(drawn, key);
  }
  return Object.fromEntries(keys.map((key, at) => [key, middle(means[at])])) as Record<Key, Interval>;
}

function middle(values: Float64Array): Interval {
  values.sort();
  return {
    low: values[Math.floor((DRAWS * OUTSIDE) / 2)],
    high: values[Math.ceil(DRAWS * (1 - OUTSIDE / 2)) - 1],
  };
}

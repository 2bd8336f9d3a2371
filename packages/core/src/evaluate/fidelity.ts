/** How two models' outputs compare, sample by sample. */
export interface Fidelity {
  samples: number;
  /** Share of samples on which both give the same top answer. */
  agreement: number;
  /** Mean cosine between the two outputs. */
  cosine: number;
  /** Mean Kullback-Leibler divergence of softmax(second) from softmax(first), in nats. */
  divergence: number;
  /** Largest relative difference: max |a - b| / max |a| over a sample. */
  difference: number;
}

/** Adds up `Fidelity` over pairs of outputs. */
export class FidelityMeter {
  #samples = 0;
  #agreed = 0;
  #cosine = 0;
  #divergence = 0;
  #difference = 0;

  add(first: ArrayLike<number>, second: ArrayLike<number>): void {
    this.#samples++;
    if (argmax(first) === argmax(second)) this.#agreed++;
    this.#cosine += cosine(first, second);
    this.#divergence += divergence(first, second);
    this.#difference = Math.max(this.#difference, relativeDifference(first, second));
  }

  get result(): Fidelity {
    const n = Math.max(1, this.#samples);
    return {
      samples: this.#samples,
      agreement: this.#agreed / n,
      cosine: this.#cosine / n,
      divergence: this.#divergence / n,
      difference: this.#difference,
    };
  }
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
  const [p, q] = [logSoftmax(a), logSoftmax(b)];
  return p.reduce((sum, log, at) => sum + Math.exp(log) * (log - q[at]), 0);
}

function logSoftmax(values: ArrayLike<number>): number[] {
  const list = Array.from(values);
  const top = list.reduce((best, value) => Math.max(best, value), Number.NEGATIVE_INFINITY);
  const total = Math.log(list.reduce((sum, value) => sum + Math.exp(value - top), 0));
  return list.map((value) => value - top - total);
}

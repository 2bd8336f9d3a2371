import { cosine } from './rows.js';

/** What two models make of a sample. */
export type PairedVectors = readonly [first: Float64Array, second: Float64Array];

/**
 * How alike two models see what is alike: Spearman's rank correlation between the cosines of any two samples by one model and by the other, as sentence embeddings are judged (STS, Cer et al., arXiv 1708.00055). Of several outputs the mean.
 *
 * @param samples Vectors of each, by output.
 * @returns Undefined for fewer than three samples.
 */
export function similarityCorrelation(samples: readonly ReadonlyMap<string, PairedVectors>[]): number | undefined {
  if (samples.length < 3) return undefined;
  const outputs = [...samples[0].keys()];
  const correlations = outputs.map((output) => {
    const vectors = samples.flatMap((own): PairedVectors[] => (own.has(output) ? [own.get(output)!] : []));
    return spearman(similarities(vectors, 0), similarities(vectors, 1));
  });
  return outputs.length > 0 ? correlations.reduce((sum, own) => sum + own, 0) / outputs.length : undefined;
}

function similarities(all: readonly PairedVectors[], of: 0 | 1): Float64Array {
  const found = new Float64Array((all.length * (all.length - 1)) / 2);
  for (let a = 1, at = 0; a < all.length; a++) for (let b = 0; b < a; b++) found[at++] = cosine(all[a][of], all[b][of]);
  return found;
}

/** Rank correlation (Spearman 1904): Pearson's of the ranks, equal values with the mean of theirs. Of values that are all equal it is 1 if the others are, too, else 0. */
function spearman(a: Float64Array, b: Float64Array): number {
  const [ra, rb] = [ranks(a), ranks(b)];
  const middle = (a.length - 1) / 2;
  let [ab, aa, bb] = [0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    ab += (ra[at] - middle) * (rb[at] - middle);
    aa += (ra[at] - middle) ** 2;
    bb += (rb[at] - middle) ** 2;
  }
  return aa === 0 || bb === 0 ? Number(aa === bb) : ab / Math.sqrt(aa * bb);
}

function ranks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values, (_, at) => at).sort((a, b) => values[a] - values[b]);
  const found = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let at = from; at < to; at++) found[order[at]] = (from + to - 1) / 2;
    from = to;
  }
  return found;
}

import { SnpError } from '@snp/onnx';
import type { Calibration, Runtime, RuntimeTensor, Session } from '@snp/runtime';
import { batches, DEFAULT_BATCH_SIZE, floatsOf, runSamples } from '@snp/runtime';
import { argmax, type Fidelity, FidelityMeter } from './fidelity.js';

/** Options of `evaluate` and `compare`. */
export interface EvaluateOptions {
  runtime: Runtime;
  data: Calibration;
  batchSize?: number | undefined;
  /** The output to look at: one row of scores per sample. Default: the model's first. */
  output?: string | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number, total: number | undefined) => void) | undefined;
}

/** How well a classifier does on labelled samples. */
export interface Evaluation {
  samples: number;
  /** Samples with a label; accuracies are shares of these. */
  labelled: number;
  /** Share of samples whose label has the highest score; undefined without labels. */
  top1: number | undefined;
  /** Share of samples whose label is among the five highest scores; undefined without labels. */
  top5: number | undefined;
  skipped: readonly { name: string; reason: string }[];
}

/** Runs a classifier over samples and counts how often it is right. */
export async function evaluate(model: string, options: EvaluateOptions): Promise<Evaluation> {
  const tally = new Tally();
  await eachRow(model, options, (row, label) => tally.add(row, label));
  return { ...tally.result, skipped: options.data.skipped };
}

/** Two models on the same samples: accuracy of each and how alike they answer. */
export interface Comparison {
  first: Evaluation;
  second: Evaluation;
  fidelity: Fidelity;
}

/** Runs two models over the same samples. */
export async function compare(first: string, second: string, options: EvaluateOptions): Promise<Comparison> {
  const rows: Float32Array[] = [];
  const [a, b] = [new Tally(), new Tally()];
  const meter = new FidelityMeter();
  const { onProgress } = options;
  const half = (part: number) => (done: number, total: number | undefined) =>
    onProgress?.(done + (part && total ? total : 0), total && 2 * total);
  await eachRow(first, { ...options, onProgress: half(0) }, (row, label) => {
    rows.push(Float32Array.from(row));
    a.add(row, label);
  });
  let at = 0;
  await eachRow(second, { ...options, onProgress: half(1) }, (row, label) => {
    const other = rows[at++];
    if (other?.length !== row.length) {
      throw new SnpError(
        'invalid-argument',
        `The models answer differently: ${other?.length} scores per sample and ${row.length}. Compare models of the same task.`,
      );
    }
    meter.add(other, row);
    b.add(row, label);
  });
  const skipped = options.data.skipped;
  return { first: { ...a.result, skipped }, second: { ...b.result, skipped }, fidelity: meter.result };
}

/** Share of labelled samples that an open model gets right; undefined without labels or scores. */
export async function topOne(
  session: Session,
  data: Calibration,
  { batchSize = DEFAULT_BATCH_SIZE, signal }: Pick<EvaluateOptions, 'batchSize' | 'signal'> = {},
): Promise<number | undefined> {
  const tally = new Tally();
  for await (const { feeds, samples, size } of batches(data.samples(signal), batchSize, session.inputs)) {
    const scores = Object.values(await session.run(feeds, { signal }))[0];
    const rows = scores && rowsOf(scores, size);
    if (!rows) return undefined;
    for (const [at, { label }] of samples.entries()) tally.add(rows[at], label);
  }
  return tally.result.top1;
}

class Tally {
  #samples = 0;
  #labelled = 0;
  #top1 = 0;
  #top5 = 0;

  add(row: ArrayLike<number>, label: number | undefined): void {
    this.#samples++;
    if (label === undefined) return;
    this.#labelled++;
    if (argmax(row) === label) this.#top1++;
    if (rankOf(row, label) < 5) this.#top5++;
  }

  get result() {
    const share = (count: number) => (this.#labelled > 0 ? count / this.#labelled : undefined);
    return { samples: this.#samples, labelled: this.#labelled, top1: share(this.#top1), top5: share(this.#top5) };
  }
}

/** How many scores are higher than the label's. */
function rankOf(row: ArrayLike<number>, label: number): number {
  let higher = 0;
  for (let at = 0; at < row.length; at++) if (row[at] > row[label]) higher++;
  return label < row.length ? higher : row.length;
}

async function eachRow(
  model: string,
  options: EvaluateOptions,
  visit: (row: ArrayLike<number>, label: number | undefined) => void,
): Promise<void> {
  const { data, ...rest } = options;
  await runSamples(
    { ...rest, model, calibration: data, fetches: options.output ? [options.output] : undefined },
    (outputs, samples, size) => {
      const scores = options.output ? outputs[options.output] : Object.values(outputs)[0];
      const rows = rowsOf(scores, size);
      if (!rows)
        throw new SnpError(
          'invalid-argument',
          `The output of shape [${scores.dims}] is not one row of scores per sample. Choose another output with --output.`,
        );
      for (const [at, sample] of samples.entries()) visit(rows[at], sample.label);
    },
  );
}

/** The scores of each of so many samples; undefined where an output has no row for each. */
function rowsOf(output: RuntimeTensor, count: number): ArrayLike<number>[] | undefined {
  const numbers = floatsOf(output);
  if (output.dims[0] !== count || !numbers) return undefined;
  const width = numbers.length / count;
  return Array.from({ length: count }, (_, at) => numbers.subarray(at * width, (at + 1) * width));
}

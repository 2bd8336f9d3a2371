import { SnpError } from '@snp/onnx';
import type { Calibration, RuntimeTensor, Sample, Session } from '@snp/runtime';
import { type AnswerKind, answerOutputs, type Batch, batches, DEFAULT_BATCH_SIZE, floatsOf } from '@snp/runtime';
import { fittingFeeds } from '../data/emptyPast.js';
import { type AnswerOptions, addAnswers, answersIn } from './answers.js';
import { type Fidelity, FidelityMeter } from './fidelity.js';
import { followingIn, foretells, type Perplexity, PerplexityMeter } from './perplexity.js';
import { sideBySide } from './sideBySide.js';
import { Tally } from './tally.js';

/** Options of `evaluate` and `compare`. */
export interface EvaluateOptions extends AnswerOptions {
  /** The output to look at: rows of scores or embeddings along its last axis. Default: the model's first that holds answers. */
  output?: string | undefined;
}

/** How well a model does on samples. */
export interface Evaluation {
  /** What the output was taken for: of embeddings alone nothing is right or wrong. */
  kind: AnswerKind;
  samples: number;
  /** Samples with a label; accuracies are shares of these. */
  labelled: number;
  /** Share of samples whose label has the highest score; undefined without labels. */
  top1: number | undefined;
  /** Share of samples whose label is among the five highest scores; undefined without labels. */
  top5: number | undefined;
  /** Of a language model that reads from left to right, on texts. */
  perplexity?: Perplexity;
  skipped: readonly { name: string; reason: string }[];
}

/**
 * Runs a model over samples: how often it is right where they have labels, and how well it foretells texts.
 *
 * @throws SnpError `invalid-argument` where the output has no row for each sample.
 */
export async function evaluate(model: string, options: EvaluateOptions): Promise<Evaluation> {
  const meter = new Meter();
  await eachBatch([model], options, ([outputs], batch) => meter.add(outputs, batch));
  return meter.result(options.data);
}

/** Two models on the same samples: how well each does and how alike they answer. */
export interface Comparison {
  first: Evaluation;
  second: Evaluation;
  fidelity: Fidelity;
}

/** Runs two models over the same samples, side by side. */
export async function compare(first: string, second: string, options: EvaluateOptions): Promise<Comparison> {
  const meters = [new Meter(), new Meter()];
  let fidelity: FidelityMeter | undefined;
  await eachBatch([first, second], options, (outputs, batch) => {
    for (const [at, meter] of meters.entries()) meter.add(outputs[at], batch);
    const [a, b] = outputs.map(({ scores }) => scores);
    if (a.dims.join() !== b.dims.join())
      throw new SnpError(
        'invalid-argument',
        `The models answer differently: scores of shape [${a.dims}] and of shape [${b.dims}]. Compare models of the same task.`,
      );
    fidelity ??= new FidelityMeter(outputs[0].kind);
    addAnswers(answersIn({ scores: a }, batch), answersIn({ scores: b }, batch), fidelity);
  });
  const [one, other] = meters.map((meter) => meter.result(options.data));
  return { first: one, second: other, fidelity: (fidelity ?? new FidelityMeter()).result };
}

/** Share of labelled samples that an open model gets right; undefined without labels or scores. */
export async function topOne(
  session: Session,
  data: Calibration,
  { batchSize = DEFAULT_BATCH_SIZE, signal, answers }: Pick<EvaluateOptions, 'batchSize' | 'signal' | 'answers'> = {},
): Promise<number | undefined> {
  const tally = new Tally();
  const { kind, names } = answerOutputs(session.outputs, answers);
  if (kind === 'embeddings') return undefined;
  const [output] = names;
  for await (const { feeds, samples, size } of batches(data.samples(signal), batchSize, session.inputs)) {
    const found = await session.run(fittingFeeds(feeds, session.inputs), { fetches: [output], signal });
    const rows = found[output] && rowsOf(found[output], size);
    if (!rows) return undefined;
    for (const [at, { label }] of samples.entries()) tally.add(rows[at], label);
  }
  return tally.result.top1;
}

/** What a model gave for a batch. */
interface Scores {
  kind: AnswerKind;
  scores: RuntimeTensor;
  /** Whether it foretells tokens. */
  causal: boolean;
}

/** What is counted of one model. */
class Meter {
  readonly #tally = new Tally();
  readonly #perplexity = new PerplexityMeter();
  #kind: AnswerKind = 'scores';

  add({ kind, scores, causal }: Scores, { samples, size }: Batch): void {
    this.#kind = kind;
    const rows = rowsOf(scores, size);
    if (!rows)
      throw new SnpError(
        'invalid-argument',
        `The output of shape [${scores.dims}] is not one row of scores per sample. Choose another output with --output.`,
      );
    for (const [at, sample] of samples.entries()) {
      this.#tally.add(rows[at], kind === 'scores' ? sample.label : undefined);
      const following = causal ? followingIn(sample, scores) : undefined;
      if (following) this.#perplexity.add(rows[at], following);
    }
  }

  result({ skipped }: Calibration): Evaluation {
    const perplexity = this.#perplexity.result;
    return { kind: this.#kind, ...this.#tally.result, ...(perplexity && { perplexity }), skipped };
  }
}

/** Runs models over the same batches, and says which of them foretell tokens. */
async function eachBatch(
  models: readonly string[],
  options: EvaluateOptions,
  visit: (outputs: Scores[], batch: Batch) => void,
): Promise<void> {
  const answersOf = ({ outputs }: Session) =>
    answerOutputs(
      options.output === undefined ? outputs : outputs.filter(({ name }) => name === options.output),
      options.answers,
    );
  const nameIn = (session: Session) => options.output ?? answersOf(session).names[0];
  const causal: boolean[] = [];
  await sideBySide(
    models,
    options,
    (session) => [nameIn(session)],
    async (outputs, batch, sessions) => {
      const scores: Scores[] = [];
      for (const [at, session] of sessions.entries()) {
        const name = nameIn(session);
        const { kind } = answersOf(session);
        causal[at] ??= kind === 'scores' && (await isCausal(session, batch.samples[0], name));
        scores.push({ kind, scores: outputs[at][name], causal: causal[at] });
      }
      visit(scores, batch);
    },
  );
}

const isCausal = async (session: Session, sample: Sample, output: string) =>
  sample.following !== undefined && (await foretells(session, sample, output));

/** The scores of each of so many samples; undefined where an output has no row for each. */
function rowsOf(output: RuntimeTensor, count: number): (Float32Array | Float64Array)[] | undefined {
  const numbers = floatsOf(output);
  if (output.dims[0] !== count || !numbers) return undefined;
  const width = numbers.length / count;
  return Array.from({ length: count }, (_, at) => numbers.subarray(at * width, (at + 1) * width));
}

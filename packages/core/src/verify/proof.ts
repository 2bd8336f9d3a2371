import type { Analysis } from '@snp/graph';
import { type Model, SnpError } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import type { Calibration, Feeds, Runtime, Session } from '@snp/runtime';
import type { Plan } from '../plan/plan.js';
import { removedSlices } from '../plan/removedSlices.js';
import { AnswerCheck } from './answerCheck.js';
import { CacheForms } from './cacheForms.js';
import { maskedModel } from './maskedModel.js';
import { openToCompare } from './openToCompare.js';
import { type Question, questionsFor } from './questions.js';
import { restoredModel } from './restoredModel.js';
import { scoresBehind } from './scoresBehind.js';
import { computedIn, TOLERANCES } from './tolerance.js';

/** The outcome of a verification. */
export interface Verification {
  /** The answers are equal, and say something: they are neither the same number everywhere nor no numbers at all. */
  passed: boolean;
  /** Largest relative difference over all floating-point outputs and runs; infinite where shapes differ, or only one answer is a number. */
  difference: number;
  tolerance: number;
  runs: number;
  /** On which inputs. */
  inputs: 'data' | 'random';
  /** Why it did not pass. */
  reason?: string;
}

/** Options of `Proof.prepare`. */
export interface ProofOptions {
  runtime: Runtime;
  /** The model before it was analysed, whose answers those of the analysed one have to equal. Default: it is not looked at. */
  original?: Model | string | undefined;
  /** The original (`openToCompare`), where it was opened while the model was analysed. The proof closes it. */
  opened?: Promise<Session> | undefined;
  data?: Calibration | undefined;
  dims?: Readonly<Record<string, number>> | undefined;
  tolerance?: number | undefined;
  limit: number;
  seed: number;
  signal?: AbortSignal | undefined;
}

/** What pruned models of one original have to answer. */
export class Proof {
  readonly #prepared: Promise<void>;

  private constructor(
    private readonly analysis: Analysis,
    private readonly options: ProofOptions,
    private readonly questions: readonly Question[],
    private readonly tolerance: number,
    prepared: Promise<Session> | undefined,
  ) {
    this.#prepared = this.#checkPrepared(prepared);
    this.#prepared.catch(() => undefined);
  }

  /**
   * Finds inputs that the original takes, and its answers.
   *
   * @throws SnpError `invalid-argument` if no random inputs are found that it takes, or its answers to any say nothing, with what to give; `runtime` if it
   * does not run.
   */
  static async prepare(analysis: Analysis, options: ProofOptions): Promise<Proof> {
    const { original, opened = openToCompare(original ?? analysis.model, analysis.model, options) } = options;
    const tolerance = options.tolerance ?? TOLERANCES[computedIn(analysis.model, analysis.shapes)];
    const session = await opened.catch((error) => {
      const refused = error instanceof SnpError && error.code === 'runtime' && !options.signal?.aborted;
      throw refused ? cannotRun(error) : error;
    });
    // It is written while the original runs.
    const prepared = original === undefined ? undefined : openToCompare(analysis.model, analysis.model, options);
    prepared?.catch(() => undefined);
    try {
      const questions = await questionsFor(analysis.model, analysis.shapes, session, options);
      requireWords(questions, options.data !== undefined);
      return new Proof(analysis, options, questions, tolerance, prepared);
    } catch (error) {
      await prepared?.then((session) => session.close()).catch(() => undefined);
      throw error;
    } finally {
      await session.close();
    }
  }

  /**
   * Whether the model was only made ready for the analysis, not changed. That is found out while other work goes on: to be asked before long work.
   *
   * @throws SnpError `unsupported` if it answers otherwise than the original.
   */
  prepared(): Promise<void> {
    return this.#prepared;
  }

  /** Holds the model as it was analysed against the original. */
  async #checkPrepared(prepared: Promise<Session> | undefined): Promise<void> {
    if (!prepared) return;
    const questions = this.questions.slice(0, 1);
    const { reason } = await this.#compare(questions, this.#answersOf(prepared, feedsOf(questions)));
    if (reason !== undefined)
      throw new SnpError(
        'unsupported',
        `Once its constants are folded, the model is no longer what it was: ${reason}. Nothing of it can be pruned, and nothing was written.`,
      );
  }

  /**
   * Compares a pruned model with the masked original.
   *
   * @throws SnpError as `prepared`; `plan-mismatch` if the plan is for another model.
   */
  async check(
    plan: Plan,
    pruned: Model | string,
    onRun?: (done: number, total: number) => void,
  ): Promise<Verification> {
    await this.#prepared;
    const { analysis, tolerance } = this;
    const { data } = this.options;
    const forms = new CacheForms(analysis, plan);
    // The masked original is made while the pruned model is opened and runs.
    const answered = this.#answersOf(this.#open(pruned), this.#narrowed(forms), onRun);
    answered.catch(() => undefined);
    const original = plan.compensation
      ? restoredModel(analysis, typeof pruned === 'string' ? await readModel(pruned) : pruned, plan)
      : analysis.model;
    const masked = maskedModel(original, removedSlices(plan, analysis));
    const wanted = await this.#wantedOf(masked, forms);
    const { check, reason } = await this.#compare(wanted, answered);
    const passed =
      reason === undefined || (reason === ONLY_WHOLES && (await this.#differByTies(masked, pruned, forms)));
    return {
      passed,
      difference: check?.difference ?? Number.POSITIVE_INFINITY,
      tolerance,
      runs: check?.runs ?? 0,
      inputs: data ? 'data' : 'random',
      ...(!passed && { reason }),
    };
  }

  /** Holds a model's answers against others; a model that does not run answers nothing. */
  async #compare(
    wanted: readonly Question[],
    answered: Promise<Feeds[]>,
  ): Promise<{ check?: AnswerCheck; reason: string | undefined }> {
    try {
      const check = new AnswerCheck();
      for (const [at, answers] of (await answered).entries()) check.add(wanted[at].answers, answers);
      return { check, reason: this.#reasonOf(check) };
    } catch (error) {
      if (!(error instanceof SnpError) || error.code !== 'runtime' || this.options.signal?.aborted) throw error;
      return { reason: `it does not run (${error.message})` };
    }
  }

  /** What a model answers, which is closed then. */
  async #answersOf(
    opened: Promise<Session>,
    asked: readonly Feeds[],
    onRun?: (done: number, total: number) => void,
  ): Promise<Feeds[]> {
    const { signal } = this.options;
    const session = await opened;
    try {
      const answers: Feeds[] = [];
      for (const feeds of asked) {
        answers.push(await session.run(feeds, { signal }));
        onRun?.(answers.length, asked.length);
      }
      return answers;
    } finally {
      await session.close();
    }
  }

  #reasonOf(check: AnswerCheck): string | undefined {
    if (!(check.difference <= this.tolerance))
      return `its answers differ by ${check.difference.toPrecision(2)} of the largest`;
    if (check.wholesDiffer) return ONLY_WHOLES;
    return check.saysSomething
      ? undefined
      : 'with the removed units at zero, the model gives the same number everywhere, or none, which proves nothing';
  }

  /** True if outputs of whole numbers differ only because the numbers that they rank differ by rounding. */
  async #differByTies(masked: Model, pruned: Model | string, forms: CacheForms): Promise<boolean> {
    const scores = scoresBehind(masked);
    const others = scoresBehind(typeof pruned === 'string' ? await readModel(pruned) : pruned);
    if (!scores || !others) return false;
    const wanted = await this.#wantedOf(scores, forms);
    return (
      (await this.#compare(wanted, this.#answersOf(this.#open(others), this.#narrowed(forms)))).reason === undefined
    );
  }

  /** What the pruned model is asked, and has to answer as the masked original does. */
  async #wantedOf(masked: Model, forms: CacheForms): Promise<Question[]> {
    const answers = await this.#answersOf(
      this.#open(masked),
      feedsOf(this.questions).map((feeds) => forms.masked(feeds)),
    );
    return this.#narrowed(forms).map((feeds, at) => ({ feeds, answers: forms.narrowed(answers[at]) }));
  }

  #open(model: Model | string): Promise<Session> {
    return openToCompare(model, this.analysis.model, this.options);
  }

  /** What the pruned model is asked. */
  #narrowed(forms: CacheForms): Feeds[] {
    return feedsOf(this.questions).map((feeds) => forms.narrowed(feeds));
  }
}

const feedsOf = (questions: readonly Question[]) => questions.map(({ feeds }) => feeds);

const ONLY_WHOLES = 'its outputs of whole numbers or texts differ';

/** Answers that say nothing prove nothing. */
function requireWords(questions: readonly Question[], given: boolean): void {
  if (questions.length === 0) throw silent('There are no inputs to compare models on.', given);
  const check = new AnswerCheck();
  for (const { answers } of questions) check.add(answers, answers);
  if (check.saysSomething) return;
  throw silent('The model gives the same number everywhere, or none, so that nothing can be proven.', given);
}

function cannotRun(cause: SnpError): SnpError {
  return new SnpError(
    'runtime',
    `The model cannot be run, so that nothing can be proven of it. ${cause.message} To prune it without a proof: --no-verify, or verify: false.`,
    cause.place,
    { cause },
  );
}

function silent(what: string, given: boolean): SnpError {
  return new SnpError(
    'invalid-argument',
    `${what} ${given ? 'Give other inputs' : 'Give real inputs (--calib DIR, or --data DIR of verify)'}, or leave the proof out (--no-verify).`,
  );
}

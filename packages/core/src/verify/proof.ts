import type { Analysis } from '@snp/graph';
import { cloneModel, type Model, SnpError, settleRandomness } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import type { Calibration, Runtime, Session } from '@snp/runtime';
import type { Plan } from '../plan/plan.js';
import { removedSlices } from '../plan/removedSlices.js';
import { AnswerCheck } from './answerCheck.js';
import { CacheForms } from './cacheForms.js';
import { maskedModel } from './maskedModel.js';
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
  data?: Calibration | undefined;
  dims?: Readonly<Record<string, number>> | undefined;
  tolerance?: number | undefined;
  limit: number;
  seed: number;
  signal?: AbortSignal | undefined;
}

/** What pruned models of one original have to answer. */
export class Proof {
  private constructor(
    private readonly analysis: Analysis,
    private readonly options: ProofOptions,
    private readonly questions: readonly Question[],
    private readonly tolerance: number,
  ) {}

  /**
   * Finds inputs that the original takes, and its answers.
   *
   * @throws SnpError `invalid-argument` if no random inputs are found that it takes, or its answers to any say nothing, with what to give; `runtime` if it
   * does not run; `unsupported` if it answers otherwise after it was made ready for the analysis.
   */
  static async prepare(analysis: Analysis, options: ProofOptions): Promise<Proof> {
    const { original, data } = options;
    const tolerance = options.tolerance ?? TOLERANCES[computedIn(analysis.model, analysis.shapes)];
    const session = await openToCompare(original ?? analysis.model, analysis.model, options).catch((error) => {
      const refused = error instanceof SnpError && error.code === 'runtime' && !options.signal?.aborted;
      throw refused ? cannotRun(error) : error;
    });
    let questions: Question[];
    try {
      questions = await questionsFor(analysis.model, analysis.shapes, session, options);
    } finally {
      await session.close();
    }
    const proof = new Proof(analysis, options, questions, tolerance);
    if (questions.length === 0) throw silent('There are no inputs to compare models on.', data !== undefined);
    const check = new AnswerCheck();
    for (const { answers } of questions) check.add(answers, answers);
    if (!check.saysSomething)
      throw silent(
        'The model gives the same number everywhere, or none, so that nothing can be proven.',
        data !== undefined,
      );
    if (original) await proof.#checkPrepared();
    return proof;
  }

  /** Holds the model as it was analysed against the original. */
  async #checkPrepared(): Promise<void> {
    const { reason } = await this.#compare(this.analysis.model, this.questions.slice(0, 1));
    if (reason !== undefined)
      throw new SnpError(
        'unsupported',
        `Once its constants are folded, the model is no longer what it was: ${reason}. Nothing of it can be pruned, and nothing was written.`,
      );
  }

  /** Compares a pruned model with the masked original. */
  async check(
    plan: Plan,
    pruned: Model | string,
    onRun?: (done: number, total: number) => void,
  ): Promise<Verification> {
    const { analysis, tolerance } = this;
    const { data } = this.options;
    const original = plan.compensation
      ? restoredModel(analysis, typeof pruned === 'string' ? await readModel(pruned) : pruned, plan)
      : analysis.model;
    const masked = maskedModel(original, removedSlices(plan, analysis));
    const forms = new CacheForms(analysis, plan);
    const wanted = await this.#wantedOf(masked, forms);
    const { check, reason } = await this.#compare(pruned, wanted, onRun);
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
    model: Model | string,
    questions: readonly Question[],
    onRun?: (done: number, total: number) => void,
  ): Promise<{ check?: AnswerCheck; reason: string | undefined }> {
    try {
      const check = await this.#answersOf(model, questions, onRun);
      return { check, reason: this.#reasonOf(check) };
    } catch (error) {
      if (!(error instanceof SnpError) || error.code !== 'runtime' || this.options.signal?.aborted) throw error;
      return { reason: `it does not run (${error.message})` };
    }
  }

  async #answersOf(
    model: Model | string,
    questions: readonly Question[],
    onRun?: (done: number, total: number) => void,
  ): Promise<AnswerCheck> {
    const { signal } = this.options;
    const session = await openToCompare(model, this.analysis.model, this.options);
    const check = new AnswerCheck();
    try {
      for (const { feeds, answers } of questions) {
        check.add(answers, await session.run(feeds, { signal }));
        onRun?.(check.runs, questions.length);
      }
    } finally {
      await session.close();
    }
    return check;
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
    return (await this.#compare(others, wanted)).reason === undefined;
  }

  /** What the pruned model is asked, and has to answer as the masked original does. */
  async #wantedOf(masked: Model, forms: CacheForms): Promise<Question[]> {
    const { signal } = this.options;
    const session = await openToCompare(masked, this.analysis.model, this.options);
    try {
      const wanted: Question[] = [];
      for (const { feeds } of this.questions) {
        const answers = await session.run(forms.masked(feeds), { signal });
        wanted.push({ feeds: forms.narrowed(feeds), answers: forms.narrowed(answers) });
      }
      return wanted;
    } finally {
      await session.close();
    }
  }
}

/** Opens a model that was made of `original`; where that draws random numbers, without chance. */
async function openToCompare(
  model: Model | string,
  original: Model,
  { runtime, signal }: Pick<ProofOptions, 'runtime' | 'signal'>,
): Promise<Session> {
  if (settleRandomness(cloneModel(original)).length === 0) return runtime.open(model, { signal });
  const settled = typeof model === 'string' ? await readModel(model) : cloneModel(model);
  settleRandomness(settled);
  return runtime.open(settled, { signal });
}

const ONLY_WHOLES = 'its outputs of whole numbers or texts differ';

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

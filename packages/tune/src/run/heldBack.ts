import type { Model } from '@snp/onnx';
import {
  type HoldingRuntime,
  type HoldingSession,
  type RuntimeTensor,
  type Sample,
  throwIfAborted,
} from '@snp/runtime';
import { labelsOf } from '../data/labels.js';
import type { Stacking } from '../data/stacking.js';
import type { MeasuredFigures } from '../figures.js';
import { figureModel } from '../graph/figureModel.js';
import type { Comparison } from '../graph/prepared.js';
import { MOST_KEPT_BYTES, type Teacher } from './teacher.js';

/** Samples that run together, with the names that their inputs and the teacher's answers are held under. */
interface HeldBatch {
  counts: Float32Array;
  inputs: Record<string, string>;
  answers: Record<string, string>;
  /** The name that the samples' labels are held under. */
  labels: string;
}

/** The samples that are held back, where models run, with the teacher's answers to them. */
export class HeldBack {
  readonly #variances = new Map<string, number>();
  readonly #samples: number;
  /** Whether answers have room; else the teacher is asked each time. */
  #keeps = true;

  private constructor(
    private readonly teacher: Teacher,
    private readonly batches: readonly HeldBatch[],
    private readonly signal: AbortSignal | undefined,
  ) {
    this.#samples = batches.reduce((sum, { counts }) => sum + sumOf(Float64Array.from(counts)), 0);
  }

  static async open(
    teacher: Teacher,
    samples: readonly Sample[],
    options: { stacking: Stacking; signal: AbortSignal | undefined; onDone: (done: number, total: number) => void },
  ): Promise<HeldBack> {
    const { stacking, signal, onDone } = options;
    const { size } = stacking;
    const batches: HeldBatch[] = [];
    for (let first = 0; first < samples.length; first += size) {
      const batch = batches.length;
      const own = Array.from({ length: size }, (_, at) => samples[(first + at) % samples.length]);
      const feeds = stacking.feeds(own);
      const slot = (name: string) => `held back/${batch}/${name}`;
      const inputs = Object.fromEntries(Object.keys(feeds).map((name) => [name, slot(`input/${name}`)]));
      const labels = slot('labels');
      const tensors = Object.entries(feeds).map(([name, tensor]): [string, RuntimeTensor] => [
        slot(`input/${name}`),
        tensor,
      ]);
      await teacher.session.hold({ ...Object.fromEntries(tensors), [labels]: labelsOf(own) });
      const counts = Float32Array.from({ length: size }, (_, at) => Number(first + at < samples.length));
      const answers = Object.fromEntries(teacher.outputs.map((name) => [name, slot(`answer/${name}`)]));
      batches.push({ counts, inputs, answers, labels });
    }
    const heldBack = new HeldBack(teacher, batches, signal);
    await heldBack.#askTeacher(onDone);
    return heldBack;
  }

  /** The variance of an output of the teacher, about the mean of each of its numbers along the last axis. */
  variance(output: string): number {
    return this.#variances.get(output)!;
  }

  /** How far a student is, with weights that are held under names, or its own. */
  async figures(session: HeldBackSession, weights: Readonly<Record<string, string>> = {}): Promise<MeasuredFigures> {
    const { labels } = session.model;
    const rows = 3 * (this.teacher.outputs.length + Number(labels !== undefined));
    const samples = this.batches.reduce((sum, { counts }) => sum + counts.length, 0);
    const sums = Array.from({ length: rows }, () => new Float64Array(samples));
    let first = 0;
    for (const { counts, inputs, answers, ...batch } of this.batches) {
      throwIfAborted(this.signal);
      if (!this.#keeps) await this.teacher.answer(inputs, answers, this.signal);
      const held = { ...inputs, ...weights };
      for (const [output, name] of session.model.teacher) held[name] = answers[output];
      if (labels !== undefined) held[labels] = batch.labels;
      const counting = { type: 'FLOAT' as const, dims: [counts.length], data: counts };
      const given = await session.session.run({ [session.model.samples]: counting }, { held, signal: this.signal });
      const own = given[session.model.sums].data as Float32Array;
      for (const [row, all] of sums.entries())
        all.set(own.subarray(row * counts.length, (row + 1) * counts.length), first);
      first += counts.length;
      if (!this.#keeps) await this.teacher.session.letGo(Object.values(answers));
    }
    return figuresOf(sums, session.comparison, this.#samples);
  }

  /** Holds samples and answers no longer: what runs models may outlive this. */
  async close(): Promise<void> {
    const names = this.batches.flatMap(({ inputs, answers, labels }) => [
      ...Object.values(inputs),
      ...Object.values(answers),
      labels,
    ]);
    await this.teacher.session.letGo(names);
  }

  async #askTeacher(onDone: (done: number, total: number) => void): Promise<void> {
    const moments = new Map(this.teacher.outputs.map((name) => [name, new Moments()]));
    for (const [at, { inputs, answers }] of this.batches.entries()) {
      await this.teacher.answer(inputs, answers, this.signal);
      const names = Object.values(answers);
      const held = await this.teacher.session.held(names);
      let bytes = 0;
      for (const [output, name] of Object.entries(answers)) {
        const { data, dims } = held[name];
        moments.get(output)!.add(data as Float32Array, dims.at(-1) ?? 1);
        bytes += (data as Float32Array).byteLength;
      }
      this.#keeps = bytes * this.batches.length <= MOST_KEPT_BYTES;
      if (!this.#keeps) await this.teacher.session.letGo(names);
      onDone(at + 1, this.batches.length);
    }
    for (const [output, own] of moments) this.#variances.set(output, own.variance);
  }
}

/** @param sums Three vectors over samples for each answer, and for labels; behind the samples there may be others that count nothing. */
function figuresOf(sums: readonly Float64Array[], { answers, labels }: Comparison, samples: number): MeasuredFigures {
  const share = 1 - (labels?.share ?? 0);
  const parts = answers.map(({ loss }, at) => ({ part: share / answers.length, scored: loss === 'divergence', at }));
  if (labels) parts.push({ part: labels.share, scored: false, at: answers.length });
  const bySample = new Float64Array(samples);
  let [loss, same, scored] = [0, 0, 0];
  for (const { part, at, ...own } of parts) {
    const [losses, counts, right] = sums.slice(3 * at, 3 * at + 3);
    const count = sumOf(counts);
    loss += (part * sumOf(losses)) / Math.max(1, count);
    for (let sample = 0; sample < samples; sample++)
      bySample[sample] += (part * losses[sample]) / Math.max(1, counts[sample]);
    if (!own.scored) continue;
    same += sumOf(right);
    scored += count;
  }
  const figures = { loss, agreement: scored > 0 ? same / scored : undefined, bySample };
  if (!labels) return figures;
  const [, counts, right] = sums.slice(3 * answers.length);
  return { ...figures, accuracy: sumOf(right) / Math.max(1, sumOf(counts)) };
}

const sumOf = (numbers: Float64Array) => numbers.reduce((sum, own) => sum + own, 0);

/** A student that is open beside its teacher's answers. */
export class HeldBackSession {
  private constructor(
    readonly session: HoldingSession,
    readonly model: Omit<ReturnType<typeof figureModel>, 'model'>,
    readonly comparison: Comparison,
  ) {}

  /** @param options.weights Names of weights that are inputs. Default: none, the model has its own. */
  static async open(
    student: Model,
    comparison: Comparison,
    options: { weights?: readonly string[]; batch: number; runtime: HoldingRuntime; signal: AbortSignal | undefined },
  ): Promise<HeldBackSession> {
    const { model, ...names } = figureModel(student, comparison, { weights: [], ...options });
    const session = await options.runtime.open(model, { signal: options.signal });
    return new HeldBackSession(session, names, comparison);
  }
}

/** Variance of numbers about the mean of each column, by sums in 64 bits. */
class Moments {
  #sums = new Float64Array(0);
  #squares = 0;
  #rows = 0;

  add(numbers: Float32Array, width: number): void {
    if (this.#sums.length === 0) this.#sums = new Float64Array(width);
    for (const [at, number] of numbers.entries()) {
      this.#sums[at % width] += number;
      this.#squares += number * number;
    }
    this.#rows += numbers.length / width;
  }

  /** Not nothing, so that it can be divided by. */
  get variance(): number {
    const width = this.#sums.length;
    const means = this.#sums.reduce((sum, own) => sum + (own / this.#rows) ** 2, 0);
    return Math.max(1e-12, (this.#squares / this.#rows - means) / width);
  }
}

import type { Feeds, Sample } from '@snp/runtime';
import { augmented } from '../data/augment.js';
import { labelsOf } from '../data/labels.js';
import { type BatchOrder, seedOf } from '../data/order.js';
import type { Stacking } from '../data/stacking.js';
import type { StepModel } from '../graph/stepModel.js';
import { KeptAnswers, type Teacher } from './teacher.js';

/** What is trained on. */
export interface TrainingData {
  samples: readonly Sample[];
  /** How samples become a part of a batch. */
  stacking: Stacking;
  /** Which samples a batch has: those of all its parts. */
  order: BatchOrder;
  augment: boolean;
  seed: number;
}

/** A part of a batch that is held where models run: names by the step's inputs. */
export type HeldPart = Readonly<Record<string, string>>;

/** Makes batches ready where models run, with the teacher's answers. Two of them take turns: one is trained on while the other comes. */
export class Batches {
  readonly #kept: KeptAnswers;
  #next: { step: number; parts: Promise<HeldPart[]> } | undefined;

  constructor(
    private readonly of: {
      teacher: Teacher;
      data: TrainingData;
      step: Pick<StepModel, 'teacher' | 'labels'>;
      signal: AbortSignal | undefined;
    },
  ) {
    this.#kept = new KeptAnswers(of.data.samples.length);
  }

  /** The parts of the batch of a step. */
  async at(step: number): Promise<HeldPart[]> {
    return this.#next?.step === step ? this.#next.parts : this.#prepare(step);
  }

  /** Begins to make the batch of a step ready. */
  prepare(step: number): void {
    const parts = this.#prepare(step);
    // A failure is told when the batch is taken.
    parts.catch(() => undefined);
    this.#next = { step, parts };
  }

  /** Waits for the batch that is being made ready, and forgets it. */
  async settle(): Promise<void> {
    await this.#next?.parts.catch(() => undefined);
    this.#next = undefined;
  }

  /** Asks the teacher about what it was asked in the first so many steps, in the same batches: its answers may differ in the last bits with what runs beside them. */
  async askAgain(steps: number): Promise<void> {
    const { data } = this.of;
    if (data.augment || !data.stacking.even) return;
    for (let step = 0; step < Math.min(steps, data.order.stepsPerEpoch); step++) await this.#prepare(step);
  }

  /** Names that batches are held under. */
  get names(): string[] {
    const { data, teacher } = this.of;
    const inputs = Object.keys(data.samples[0].feeds).map((name) => `input/${name}`);
    const own = [...inputs, ...teacher.outputs.map((name) => `answer/${name}`), 'labels'];
    const parts = data.order.batch / data.stacking.size;
    return [0, 1].flatMap((step) =>
      Array.from({ length: parts }, (_, part) => own.map((name) => nameOf(step, part, name))).flat(),
    );
  }

  async #prepare(step: number): Promise<HeldPart[]> {
    const { samples, order, stacking, augment, seed } = this.of.data;
    const chosen = order.at(step);
    const batch = chosen.map((at) => samples[at]);
    const seen = augment ? augmented(batch, seedOf(seed, step)) : batch;
    const parts: HeldPart[] = [];
    for (let first = 0; first < chosen.length; first += stacking.size) {
      const part = [first, first + stacking.size] as const;
      parts.push(await this.#part({ step, part: parts.length }, chosen.slice(...part), seen.slice(...part)));
    }
    return parts;
  }

  async #part(
    { step, part }: { step: number; part: number },
    chosen: readonly number[],
    samples: readonly Sample[],
  ): Promise<HeldPart> {
    const { teacher, data, signal } = this.of;
    const feeds = data.stacking.feeds(samples);
    const own = (name: string) => nameOf(step, part, name);
    const kept = data.augment ? undefined : this.#kept.of(chosen);
    const inputs = Object.fromEntries(Object.keys(feeds).map((name) => [name, own(`input/${name}`)]));
    const answers = Object.fromEntries(teacher.outputs.map((name) => [name, own(`answer/${name}`)]));
    const given = Object.entries(feeds).map(([name, tensor]) => [inputs[name], tensor]);
    const { labels } = this.of.step;
    if (labels !== undefined) given.push([own('labels'), labelsOf(samples)]);
    const known = Object.entries(kept ?? {}).map(([name, tensor]) => [answers[name], tensor]);
    await teacher.session.hold(Object.fromEntries([...given, ...known]) as Feeds);
    if (!kept) {
      await teacher.answer(inputs, answers, signal);
      if (!data.augment && data.stacking.even && this.#kept.keeps) {
        const held = await teacher.session.held(Object.values(answers));
        this.#kept.keep(
          chosen,
          Object.fromEntries(Object.entries(answers).map(([output, name]) => [output, held[name]])),
        );
      }
    }
    const compared = [...this.of.step.teacher].map(([output, input]) => [input, answers[output]]);
    return { ...inputs, ...Object.fromEntries(compared), ...(labels !== undefined && { [labels]: own('labels') }) };
  }
}

const nameOf = (step: number, part: number, name: string) => `tune/batch/${step % 2}/${part}/${name}`;

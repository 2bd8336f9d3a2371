import { type Feeds, type HoldingRuntime, type HoldingSession, type Sample, throwIfAborted } from '@snp/runtime';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { augmented } from '../data/augment.js';
import { labelsOf } from '../data/labels.js';
import { type BatchOrder, seedOf } from '../data/order.js';
import type { Stacking } from '../data/stacking.js';
import type { WeightState } from '../graph/adamW.js';
import type { StepModel } from '../graph/stepModel.js';
import type { Trainable } from '../graph/trainable.js';
import { KeptAnswers, type Teacher } from './teacher.js';

/** What is trained on. */
export interface TrainingData {
  samples: readonly Sample[];
  stacking: Stacking;
  order: BatchOrder;
  augment: boolean;
  seed: number;
}

/** A batch that is held where models run: names by the step's inputs. */
type HeldBatch = Readonly<Record<string, string>>;

const KINDS = ['weight', 'first', 'second', 'average'] as const satisfies readonly (keyof WeightState)[];

/** Names that a weight's state is held under. */
const slot = (kind: keyof WeightState, name: string) => `tune/${kind}/${name}`;

/** A student in training: its weights and what the optimiser knows lie where models run, and stay there between steps. */
export class Training {
  readonly #kept: KeptAnswers;
  readonly #held: Record<string, string> = {};
  readonly #hold: Record<string, string> = {};
  #next: { step: number; batch: Promise<HeldBatch> } | undefined;
  /** Steps since the weights were those of the student. */
  #done = 0;

  private constructor(
    private readonly session: HoldingSession,
    private readonly step: Omit<StepModel, 'model'>,
    private readonly of: { teacher: Teacher; data: TrainingData; signal: AbortSignal | undefined },
  ) {
    this.#kept = new KeptAnswers(of.data.samples.length);
    for (const { name } of step.weights)
      for (const kind of KINDS) {
        this.#held[step.state.inputs.get(name)![kind]] = slot(kind, name);
        this.#hold[step.state.outputs.get(name)![kind]] = slot(kind, name);
      }
  }

  static async open(
    { model, ...step }: StepModel,
    options: { runtime: HoldingRuntime; teacher: Teacher; data: TrainingData; signal: AbortSignal | undefined },
  ): Promise<Training> {
    const { runtime, ...of } = options;
    const training = new Training(await runtime.open(model, { signal: of.signal }), step, of);
    await training.reset();
    return training;
  }

  /** Begins again with the student's own weights. */
  async reset(): Promise<void> {
    await this.#begin(0, ({ tensor }, kind) => {
      const data = tensor.array() as Float32Array;
      return kind === 'weight' || kind === 'average' ? data : new Float32Array(data.length);
    });
  }

  /** Goes on from a checkpoint. */
  async resume({ progress: { taken }, numbers }: Checkpoint): Promise<void> {
    await this.#begin(taken, ({ name }, kind) => numbers.get(`${kind}/${name}`)!);
    await this.#askAgain(taken);
  }

  async #begin(done: number, numbers: (weight: Trainable, kind: keyof WeightState) => Float32Array): Promise<void> {
    await this.settle();
    for (const weight of this.step.weights) {
      const dims = [...weight.tensor.dims];
      const tensors = KINDS.map((kind) => [
        slot(kind, weight.name),
        { type: 'FLOAT' as const, dims, data: numbers(weight, kind) },
      ]);
      await this.session.hold(Object.fromEntries(tensors));
    }
    this.#done = done;
    this.#next = undefined;
  }

  /** Asks the teacher about what it was asked before so many steps, in the same batches: their answers may differ in the last bits with what runs beside them. */
  async #askAgain(steps: number): Promise<void> {
    const { data } = this.of;
    if (data.augment || !data.stacking.even) return;
    for (let step = 0; step < Math.min(steps, data.order.stepsPerEpoch); step++) await this.#prepare(step);
  }

  /** All that changes in training, as checkpoints name it. */
  async state(): Promise<Map<string, Float32Array>> {
    const all = new Map<string, Float32Array>();
    for (const { name } of this.step.weights) {
      const held = await this.session.held(KINDS.map((kind) => slot(kind, name)));
      for (const kind of KINDS) all.set(`${kind}/${name}`, held[slot(kind, name)].data as Float32Array);
    }
    return all;
  }

  /**
   * Takes a step, while the next batch is made ready.
   *
   * @param share How much the new weights count in their average.
   * @returns The loss before it.
   */
  async take({ rate, share, last }: { rate: number; share: number; last: boolean }): Promise<number> {
    const { signal } = this.of;
    throwIfAborted(signal);
    const at = this.#done++;
    const batch = await (this.#next?.step === at ? this.#next.batch : this.#prepare(at));
    const scalar = (number: number) => ({ type: 'DOUBLE' as const, dims: [], data: Float64Array.of(number) });
    const { state, loss } = this.step;
    const running = this.session.run(
      { [state.rate]: scalar(rate), [state.step]: scalar(at + 1), [state.share]: scalar(share) },
      { held: { ...batch, ...this.#held }, hold: this.#hold, fetches: [loss], signal },
    );
    if (!last) {
      const next = this.#prepare(at + 1);
      // A failure is told when the batch is taken.
      next.catch(() => undefined);
      this.#next = { step: at + 1, batch: next };
    }
    const [found] = (await running)[loss].data as Float32Array;
    return found;
  }

  /** Names that the weights are held under, or their average. */
  weights(kind: 'weight' | 'average'): Record<string, string> {
    return Object.fromEntries(this.step.weights.map(({ name }) => [name, slot(kind, name)]));
  }

  /** A copy of the weights, or of their average. */
  async copy(kind: 'weight' | 'average'): Promise<Map<string, Float32Array>> {
    const held = await this.session.held(Object.values(this.weights(kind)));
    return new Map(this.step.weights.map(({ name }) => [name, held[slot(kind, name)].data as Float32Array]));
  }

  /** Waits for the batch that is being made ready. */
  async settle(): Promise<void> {
    await this.#next?.batch.catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.settle();
    await this.session.letGo([...Object.values(this.#held), ...[0, 1].flatMap((turn) => this.#batchNames(turn))]);
    await this.session.close();
  }

  /** Holds the batch of a step and the teacher's answers. Two batches take turns: one is trained on while the other comes. */
  async #prepare(step: number): Promise<HeldBatch> {
    const { teacher, data, signal } = this.of;
    const chosen = data.order.at(step);
    const samples = chosen.map((at) => data.samples[at]);
    const seen = data.augment ? augmented(samples, seedOf(data.seed, step)) : samples;
    const feeds = data.stacking.feeds(seen);
    const own = (name: string) => `tune/batch/${step % 2}/${name}`;
    const kept = data.augment ? undefined : this.#kept.of(chosen);
    const inputs = Object.fromEntries(Object.keys(feeds).map((name) => [name, own(`input/${name}`)]));
    const answers = Object.fromEntries(teacher.outputs.map((name) => [name, own(`answer/${name}`)]));
    const given = Object.entries(feeds).map(([name, tensor]) => [inputs[name], tensor]);
    const { labels } = this.step;
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
    const compared = [...this.step.teacher].map(([output, input]) => [input, answers[output]]);
    return { ...inputs, ...Object.fromEntries(compared), ...(labels !== undefined && { [labels]: own('labels') }) };
  }

  #batchNames(turn: number): string[] {
    const { data, teacher } = this.of;
    const inputs = Object.keys(data.samples[0].feeds).map((name) => `input/${name}`);
    const answers = teacher.outputs.map((name) => `answer/${name}`);
    return [...inputs, ...answers, 'labels'].map((name) => `tune/batch/${turn}/${name}`);
  }
}

import { type HoldingRuntime, type HoldingSession, type RuntimeTensor, throwIfAborted } from '@snp/runtime';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { SumNames } from '../graph/accumulation.js';
import type { WeightState } from '../graph/adamW.js';
import type { StepModel } from '../graph/stepModel.js';
import type { Trainable } from '../graph/trainable.js';
import { Batches, type TrainingData } from './batches.js';
import type { Teacher } from './teacher.js';

const KINDS = ['weight', 'first', 'second', 'average'] as const satisfies readonly (keyof WeightState)[];

/** Names that a weight's state is held under, and the sum of its gradients. */
const slot = (kind: keyof WeightState | 'sum', name: string) => `tune/${kind}/${name}`;

type Names = Record<string, string>;

/** Names that inputs of a model are held under, and those that its outputs are to be held under. */
interface Holding {
  held: Names;
  hold: Names;
}

/** A student in training: its weights and what the optimiser knows lie where models run, and stay there between steps. */
export class Training {
  readonly #state: Holding;
  readonly #batches: Batches;
  /** Steps since the weights were those of the student. */
  #done = 0;

  private constructor(
    private readonly sessions: { step: HoldingSession; update: HoldingSession | undefined },
    private readonly step: Omit<StepModel, 'model'>,
    private readonly of: { teacher: Teacher; data: TrainingData; signal: AbortSignal | undefined },
  ) {
    const { inputs, outputs } = step.state;
    const names = (by: typeof inputs) =>
      Object.fromEntries(
        step.weights.flatMap(({ name }) => KINDS.map((kind) => [by.get(name)![kind], slot(kind, name)])),
      );
    this.#state = { held: names(inputs), hold: names(outputs) };
    this.#batches = new Batches({ ...of, step });
  }

  static async open(
    { model, ...step }: StepModel,
    options: { runtime: HoldingRuntime; teacher: Teacher; data: TrainingData; signal: AbortSignal | undefined },
  ): Promise<Training> {
    const { runtime, ...of } = options;
    const { signal } = of;
    const opened = [await runtime.open(model, { signal })];
    try {
      if (step.update) opened.push(await runtime.open(step.update.model, { signal }));
      const training = new Training({ step: opened[0], update: opened[1] }, step, of);
      await training.reset();
      return training;
    } catch (error) {
      for (const session of opened) await session.close();
      throw error;
    }
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
    await this.#batches.askAgain(taken);
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
    const parts = await this.#batches.at(at);
    const scalar = (number: number) => ({ type: 'DOUBLE' as const, dims: [], data: Float64Array.of(number) });
    const { state, loss, update } = this.step;
    const numbers = { [state.rate]: scalar(rate), [state.step]: scalar(at + 1), [state.share]: scalar(share) };
    const { held, hold } = this.#state;
    if (!update) {
      const [batch] = parts;
      const running = this.sessions.step.run(numbers, { held: { ...batch, ...held }, hold, fetches: [loss], signal });
      if (!last) this.#batches.prepare(at + 1);
      return numberOf((await running)[loss]);
    }
    const sums = this.#holdingOf(update.added);
    let sum = 0;
    for (const [place, part] of parts.entries()) {
      const given = { ...part, ...this.weights('weight'), ...sums.held };
      const running = this.sessions.step.run({}, { held: given, hold: sums.hold, fetches: [loss], signal });
      if (!last && place === 0) this.#batches.prepare(at + 1);
      sum += numberOf((await running)[loss]);
    }
    const emptied = this.#holdingOf(update.emptied);
    await this.sessions.update!.run(numbers, {
      held: { ...held, ...emptied.held },
      hold: { ...hold, ...emptied.hold },
      fetches: [],
      signal,
    });
    return sum / parts.length;
  }

  /** Names that the weights are held under, or their average. */
  weights(kind: 'weight' | 'average'): Names {
    return Object.fromEntries(this.step.weights.map(({ name }) => [name, slot(kind, name)]));
  }

  /** A copy of the weights, or of their average. */
  async copy(kind: 'weight' | 'average'): Promise<Map<string, Float32Array>> {
    const held = await this.sessions.step.held(Object.values(this.weights(kind)));
    return new Map(this.step.weights.map(({ name }) => [name, held[slot(kind, name)].data as Float32Array]));
  }

  /** All that changes in training, as checkpoints name it. */
  async state(): Promise<Map<string, Float32Array>> {
    const all = new Map<string, Float32Array>();
    for (const { name } of this.step.weights) {
      const held = await this.sessions.step.held(KINDS.map((kind) => slot(kind, name)));
      for (const kind of KINDS) all.set(`${kind}/${name}`, held[slot(kind, name)].data as Float32Array);
    }
    return all;
  }

  async close(): Promise<void> {
    await this.#batches.settle();
    const sums = this.step.update ? this.step.weights.map(({ name }) => slot('sum', name)) : [];
    await this.sessions.step.letGo([...Object.values(this.#state.held), ...sums, ...this.#batches.names]);
    await this.sessions.update?.close();
    await this.sessions.step.close();
  }

  async #begin(done: number, numbers: (weight: Trainable, kind: keyof WeightState) => Float32Array): Promise<void> {
    await this.#batches.settle();
    for (const weight of this.step.weights) {
      const tensor = (data: Float32Array) => ({ type: 'FLOAT' as const, dims: [...weight.tensor.dims], data });
      const { name } = weight;
      const tensors = KINDS.map((kind) => [slot(kind, name), tensor(numbers(weight, kind))]);
      if (this.step.update) tensors.push([slot('sum', name), tensor(new Float32Array(weight.tensor.size))]);
      await this.sessions.step.hold(Object.fromEntries(tensors));
    }
    this.#done = done;
  }

  /** Sums of gradients, as a model takes and gives them. */
  #holdingOf(sums: ReadonlyMap<string, SumNames>): Holding {
    const names = (kind: keyof SumNames) =>
      Object.fromEntries([...sums].map(([name, own]) => [own[kind], slot('sum', name)]));
    return { held: names('input'), hold: names('output') };
  }
}

const numberOf = ({ data }: RuntimeTensor) => (data as Float32Array)[0];

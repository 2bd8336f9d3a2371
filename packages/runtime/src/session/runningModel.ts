import type { HeldTensors } from './heldTensors.js';
import { MomentSums } from './momentSums.js';
import type { Ort, OrtMetadata, OrtSession, OrtSessionOptions, OrtTensor } from './ort.js';
import { fromOrt, toOrt, typeOf } from './ortTensor.js';
import type { Feeds, HoldingRunOptions, Moments, RuntimeTensor, TensorInfo } from './runtime.js';
import { Sums } from './sums.js';

/** Outputs of a run that are added up, and how much the run counts. */
interface ToAdd {
  sums: readonly string[];
  moments: readonly string[];
  weight: number;
}

/** A model that is open in this process or page, and what was added up over its runs. */
export class RunningModel {
  readonly #sums = new Sums();
  readonly #moments: MomentSums;
  #last: Promise<unknown> = Promise.resolve();
  readonly #outputs: ReadonlyMap<string, OrtMetadata>;
  /** Outputs that can be handed over: onnxruntime gives no sequences to JavaScript. */
  readonly #tensors: string[];
  /** Why what a run gave could not be added up, until it is told. */
  #failure: { error: unknown } | undefined;

  /**
   * @param options With which models that add up are opened.
   * @param held What is held for all models of this process or page.
   */
  constructor(
    private readonly ort: Ort,
    private readonly session: OrtSession,
    options: OrtSessionOptions,
    private readonly held: HeldTensors,
  ) {
    this.#outputs = new Map(session.outputMetadata.map((output) => [output.name, output]));
    this.#tensors = [...this.#outputs.values()].filter(({ isTensor }) => isTensor).map(({ name }) => name);
    this.#moments = new MomentSums(ort, options);
  }

  get interfaces(): { inputs: TensorInfo[]; outputs: TensorInfo[] } {
    return { inputs: describe(this.session.inputMetadata), outputs: describe(this.session.outputMetadata) };
  }

  /** Runs the model. What is to be added up is so after the answer, while whoever asked makes the next inputs ready; a failure in it is told by the next question. */
  run(
    feeds: Feeds,
    { fetches, sums = [], moments = [], weight = 1, held = {}, hold = {} }: Omit<HoldingRunOptions, 'signal'>,
  ): Promise<Feeds> {
    return new Promise((resolve, reject) => {
      this.inTurn(async () => {
        const own = { ...this.#ortFeeds(feeds), ...this.held.feeds(held) };
        const rooms = this.#rooms([...(fetches ?? this.#tensors), ...Object.keys(hold)], hold);
        const given = await this.session.run(own, rooms);
        const outputs = Object.fromEntries(
          Object.entries(given).map(([name, tensor]) => [name, rooms[name] ?? tensor]),
        );
        this.held.take(hold, outputs);
        const added = new Set([...sums, ...moments]);
        const wanted = Object.entries(outputs).filter(([name]) => !added.has(name) && !(name in hold));
        resolve(Object.fromEntries(wanted.map(([name, tensor]) => [name, fromOrt(tensor)])));
        if (added.size === 0) return;
        await nextTurn();
        await this.#add(outputs, { sums, moments, weight });
      }).catch(reject);
    });
  }

  takeSum(name: string): Promise<RuntimeTensor> {
    return this.inTurn(() => this.#sums.take(name));
  }

  takeMoments(name: string): Promise<Moments> {
    return this.inTurn(() => this.#moments.take(name));
  }

  async close(): Promise<void> {
    await this.#last;
    await this.session.release();
    await this.#moments.close();
  }

  /** A run whose outputs nobody looks at, as often as it is called. */
  protected prepared(feeds: Feeds): () => Promise<unknown> {
    const own = this.#ortFeeds(feeds);
    const rooms = this.#rooms(this.#tensors, {});
    return () => this.session.run(own, rooms);
  }

  /** One after the other: each takes all cores, and rows that wait to be multiplied must not change meanwhile. */
  protected inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    const own = this.#last.then(() => {
      const failure = this.#failure;
      this.#failure = undefined;
      if (failure) throw failure.error;
      return work();
    });
    this.#last = own.catch(() => undefined);
    return own;
  }

  async #add(outputs: Record<string, OrtTensor>, { sums, moments, weight }: ToAdd): Promise<void> {
    try {
      for (const name of sums) this.#sums.add(name, fromOrt(outputs[name]), weight);
      for (const name of moments) await this.#moments.add(name, outputs[name], weight);
    } catch (error) {
      this.#failure = { error };
    }
  }

  /** Where the wanted outputs are written: null for memory of their own. */
  #rooms(names: readonly string[], hold: Readonly<Record<string, string>>): Record<string, OrtTensor | null> {
    const roomFor = (name: string) => {
      const output = this.#outputs.get(name);
      if (!output) throw new Error(`the model has no output '${name}'`);
      return name in hold ? (this.held.roomFor(hold[name], output) ?? null) : null;
    };
    return Object.fromEntries(names.map((name) => [name, roomFor(name)]));
  }

  #ortFeeds(feeds: Feeds): Record<string, OrtTensor> {
    return Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, toOrt(this.ort, tensor)]));
  }
}

/** Lets whoever waits for an answer hear it first. */
function nextTurn(): Promise<void> {
  const { setImmediate: soon = setTimeout } = globalThis as { setImmediate?: (work: () => void) => void };
  return new Promise((resolve) => void soon(resolve));
}

function describe(metadata: readonly OrtMetadata[]) {
  return metadata.map((item) => ({
    name: item.name,
    type: item.isTensor ? typeOf(item.type) : ('UNDEFINED' as const),
    dims: item.isTensor ? item.shape.map((dim) => (dim === '' ? undefined : dim)) : [],
  }));
}

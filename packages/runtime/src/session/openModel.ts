import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { HeldTensors } from './heldTensors.js';
import { MomentSums } from './momentSums.js';
import { fromOrt, toOrt, typeOf } from './ortTensor.js';
import type { SessionSettings } from './protocol.js';
import type { Feeds, Footprint, HoldingRunOptions, Moments, RuntimeTensor, TensorInfo } from './runtime.js';
import { Sums } from './sums.js';

type Ort = typeof import('onnxruntime-node');
type Outputs = InferenceSession.OnnxValueMapType;

/** Outputs of a run that are added up, and how much the run counts. */
interface ToAdd {
  sums: readonly string[];
  moments: readonly string[];
  weight: number;
}

/** A model that is open in this process, and what was added up over its runs. */
export class OpenModel {
  readonly #sums = new Sums();
  readonly #moments: MomentSums;
  #last: Promise<unknown> = Promise.resolve();
  /** Outputs that can be handed over: onnxruntime gives no sequences to JavaScript. */
  readonly #tensors: string[];
  /** Why what a run gave could not be added up, until it is told. */
  #failure: { error: unknown } | undefined;

  private constructor(
    private readonly ort: Ort,
    private readonly settings: SessionSettings,
    private readonly held: HeldTensors,
    private readonly session: InferenceSession,
    private readonly load: { loadMs: number; baseBytes: number },
  ) {
    this.#tensors = session.outputMetadata.filter(({ isTensor }) => isTensor).map(({ name }) => name);
    this.#moments = new MomentSums(ort, sessionOptions({ ...settings, profile: undefined }));
  }

  /** @param of.held What this process holds for all its models. */
  static async open(
    ort: Ort,
    path: string,
    { settings, held }: { settings: SessionSettings; held: HeldTensors },
  ): Promise<OpenModel> {
    const baseBytes = process.memoryUsage.rss();
    const start = performance.now();
    const session = await ort.InferenceSession.create(path, sessionOptions(settings));
    return new OpenModel(ort, settings, held, session, { loadMs: performance.now() - start, baseBytes });
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
      this.#inTurn(async () => {
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

  /** Milliseconds of runs, one after the other. */
  time(feeds: Feeds, runs: number): Promise<Float64Array> {
    return this.#inTurn(async () => {
      const own = this.#ortFeeds(feeds);
      const times = new Float64Array(runs);
      for (let run = 0; run < times.length; run++) {
        const start = performance.now();
        await this.session.run(own, this.#tensors);
        times[run] = performance.now() - start;
      }
      return times;
    });
  }

  takeSum(name: string): Promise<RuntimeTensor> {
    return this.#inTurn(() => this.#sums.take(name));
  }

  takeMoments(name: string): Promise<Moments> {
    return this.#inTurn(() => this.#moments.take(name));
  }

  footprint(): Footprint {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const { versions } = this.ort.env;
    return {
      ...this.load,
      peakBytes: 1024 * maxRSS,
      cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
      version: versions.node ?? versions.common,
    };
  }

  takeProfile(): string {
    this.session.endProfiling();
    return newestWith(this.settings.profile);
  }

  async close(): Promise<void> {
    await this.#last;
    await this.session.release();
    await this.#moments.close();
  }

  /** One after the other: each takes all cores, and rows that wait to be multiplied must not change meanwhile. */
  #inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    const own = this.#last.then(() => {
      const failure = this.#failure;
      this.#failure = undefined;
      if (failure) throw failure.error;
      return work();
    });
    this.#last = own.catch(() => undefined);
    return own;
  }

  async #add(outputs: Outputs, { sums, moments, weight }: ToAdd): Promise<void> {
    try {
      for (const name of sums) this.#sums.add(name, fromOrt(outputs[name]), weight);
      for (const name of moments) await this.#moments.add(name, outputs[name], weight);
    } catch (error) {
      this.#failure = { error };
    }
  }

  /** Where the wanted outputs are written: null for memory of their own. */
  #rooms(names: readonly string[], hold: Readonly<Record<string, string>>): Record<string, Tensor | null> {
    const facts = new Map(this.session.outputMetadata.map((output) => [output.name, output]));
    const roomFor = (name: string) => {
      const output = facts.get(name);
      if (!output) throw new Error(`the model has no output '${name}'`);
      return name in hold ? (this.held.roomFor(hold[name], output) ?? null) : null;
    };
    return Object.fromEntries(names.map((name) => [name, roomFor(name)]));
  }

  #ortFeeds(feeds: Feeds) {
    return Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, toOrt(this.ort, tensor)]));
  }
}

/** The file that onnxruntime gave a name beginning so. It does not tell which. */
function newestWith(prefix: string | undefined): string {
  if (prefix === undefined) throw new Error('the model was not opened to be profiled');
  const names = readdirSync(dirname(prefix)).filter((name) => name.startsWith(basename(prefix)));
  const last = names.sort().at(-1);
  if (!last) throw new Error(`onnxruntime wrote no profile to ${prefix}`);
  return join(dirname(prefix), last);
}

function sessionOptions(settings: SessionSettings): InferenceSession.SessionOptions {
  return {
    executionProviders: [...settings.executionProviders],
    graphOptimizationLevel: settings.optimization,
    ...(settings.threads !== undefined && { intraOpNumThreads: settings.threads }),
    ...(settings.profile !== undefined && { enableProfiling: true, profileFilePrefix: settings.profile }),
    logSeverityLevel: 3,
  };
}

function describe(metadata: readonly InferenceSession.ValueMetadata[]) {
  return metadata.map((item) => ({
    name: item.name,
    type: item.isTensor ? typeOf(item.type) : ('UNDEFINED' as const),
    dims: item.isTensor ? item.shape.map((dim) => (dim === '' ? undefined : dim)) : [],
  }));
}

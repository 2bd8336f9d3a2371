import { setTimeout } from 'node:timers/promises';
import { SnpError } from '@snp/onnx';
import { median } from 'd3-array';
import type { BenchModel, ModelFootprint, OpenedModel, Target } from '../target/target.js';

/** A turn that takes this many times what earlier ones did, and longer than `PATIENCE_MS`, hangs. */
const HANGS_AT = 50;
const PATIENCE_MS = 120_000;
/** Threads of onnxruntime spin for some 50 ms after a run before they sleep; until then they would take processors from the next model. */
const SETTLE_MS = 60;
/** Turns of quick models have as many runs as it takes for the pause not to be most of the time. */
const TURN_MS = 100;

/** One model on its way through a measurement: loaded, warmed up, measured turn by turn, or failed. */
export class Contestant {
  /** Milliseconds of runs. Runs of a block lay together: in one process, or, where there is only one, in one turn. */
  readonly blocks: number[][] = [];
  /** Joules by turn, where the device has a meter. */
  joules = 0;
  error: string | undefined;
  /** The quickest loading and the most memory of all launches. */
  footprint: ModelFootprint = {};
  /** Seconds of processor time that its processes took; undefined where the target does not tell. */
  cpuSeconds: number | undefined = 0;
  #opened: OpenedModel | undefined;
  /** The longest run so far, and a typical one of the last, in milliseconds. */
  #usual = 0;
  #typical = Number.POSITIVE_INFINITY;

  constructor(
    readonly model: BenchModel,
    private readonly target: Target,
    private readonly signal: AbortSignal | undefined,
  ) {}

  get runs(): number {
    return this.blocks.reduce((sum, block) => sum + block.length, 0);
  }

  get seconds(): number {
    return this.blocks.reduce((sum, block) => sum + block.reduce((time, run) => time + run, 0), 0) / 1000;
  }

  async open(): Promise<void> {
    await this.#attempt(async (signal) => {
      this.#opened = await this.target.open(this.model, { signal });
    });
  }

  /** Runs that do not count. Returns their times, or nothing if the model failed. */
  async warmUp(runs: number): Promise<readonly number[]> {
    return (await this.#attempt((signal) => this.#time(runs, signal))) ?? [];
  }

  /** One more turn of at least so many runs, of the last block or a new one. Its first run, which wakes threads and caches up, does not count. */
  async turn(runs: number, block: 'last' | 'new', meter?: () => Promise<number>): Promise<void> {
    await this.#attempt(async (signal) => {
      await setTimeout(SETTLE_MS, undefined, { signal });
      const before = await meter?.();
      const left = this.#opened!.warmsUpItself ? 0 : 1;
      const enough = Math.max(runs, Math.ceil(TURN_MS / this.#typical));
      const times = (await this.#time(enough + left, signal)).slice(left);
      const after = await meter?.();
      if (before !== undefined && after !== undefined) this.joules += ((after - before) * enough) / (enough + left);
      if (block === 'new') this.blocks.push([]);
      this.blocks.at(-1)!.push(...times.map((time) => Math.round(1e4 * time) / 1e4));
    });
  }

  /** Ends its process, also where its last word is that it was stopped. */
  async close(): Promise<void> {
    try {
      await this.#attempt(() => this.#takeFootprint());
    } finally {
      await this.#release();
    }
  }

  async #takeFootprint(): Promise<void> {
    if (!this.#opened) return;
    const { loadMs, peakBytes, cpuSeconds } = await this.#opened.footprint();
    this.cpuSeconds =
      this.cpuSeconds === undefined || cpuSeconds === undefined ? undefined : this.cpuSeconds + cpuSeconds;
    this.footprint = {
      ...(loadMs !== undefined && { loadMs: Math.min(loadMs, this.footprint.loadMs ?? loadMs) }),
      ...(peakBytes !== undefined && { peakBytes: Math.max(peakBytes, this.footprint.peakBytes ?? 0) }),
    };
  }

  async #release(): Promise<void> {
    await this.#opened?.close().catch(() => undefined);
    this.#opened = undefined;
  }

  async #time(runs: number, signal: AbortSignal): Promise<readonly number[]> {
    const start = performance.now();
    const times = await this.#opened!.time(runs, { signal });
    this.#usual = Math.max(this.#usual, (performance.now() - start) / runs);
    this.#typical = median(times) ?? this.#typical;
    return times;
  }

  /** A model that fails is out; what the caller stops goes on as it is. */
  async #attempt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    if (this.error !== undefined) return undefined;
    const patience = AbortSignal.timeout(Math.max(PATIENCE_MS, Math.ceil(HANGS_AT * this.#usual)));
    try {
      return await work(this.signal ? AbortSignal.any([patience, this.signal]) : patience);
    } catch (error) {
      if (this.signal?.aborted || !(error instanceof Error)) throw error;
      if (!(error instanceof SnpError)) throw error;
      this.error = patience.aborted ? 'It did not answer any more and was stopped.' : error.message;
      await this.#release();
      return undefined;
    }
  }
}

import type { Protocol } from '../protocol/protocol.js';
import type { BenchResult } from '../result/schema.js';

/** How a model's inputs are filled: random numbers, the same for the same numbers here. */
export interface InputSizes {
  /** First dimension, where it is free. */
  batch: number;
  /** Sizes of other free dimensions by name. */
  dims?: Readonly<Record<string, number>> | undefined;
}

/** A model that is to be measured. */
export interface BenchModel {
  /** How results name it. */
  name: string;
  /** ONNX file; external data lie beside it. */
  path: string;
  inputs: InputSizes;
}

/** What a model takes where it runs; what a target cannot tell is absent. */
export interface ModelFootprint {
  /** Milliseconds from the file to the first possible run. */
  loadMs?: number;
  /** Most memory that the model's process held, less what the runtime held without a model, in bytes. */
  peakBytes?: number;
  /** Seconds of processor time that its process has used so far. */
  cpuSeconds?: number;
}

/** A model on a target, ready to run. */
export interface OpenedModel {
  /** Every time it tells counts. Otherwise the first run of a turn, which wakes threads and caches up, is left out. */
  readonly warmsUpItself?: boolean;
  /** Runs the model so often, one run after the other, and tells the milliseconds of each. */
  time(runs: number, options?: { signal?: AbortSignal | undefined }): Promise<readonly number[]>;
  footprint(): Promise<ModelFootprint>;
  close(): Promise<void>;
}

/** What a target is, or why it is not there. */
export type Probe =
  | { available: true; runtime: string; version: string; detail?: string | undefined }
  | { available: false; reason: string };

/** A runtime on a device, on which models can be measured. Models run in processes of their own: one that crashes fails alone. */
export interface Target {
  /** As the command names it: `ort-cpu`, `web-wasm-1`, `http://pi.local:7070`. */
  readonly name: string;
  readonly description: string;
  /** Finds out whether it is there, without measuring anything. */
  probe(options?: { signal?: AbortSignal | undefined }): Promise<Probe>;
  /** Loads a model. */
  open(model: BenchModel, options?: { signal?: AbortSignal | undefined }): Promise<OpenedModel>;
  /** Measures by itself, where the models cannot be driven from here: on another device. */
  measure?(job: BenchJob): Promise<BenchResult>;
  /** Frees what it holds beyond its models: a browser, a connection. */
  close?(): Promise<void>;
}

/** How far a measurement is. */
export interface BenchProgress {
  step: 'load' | 'warm-up' | 'measure';
  /** Runs of all models together. */
  done: number;
  total: number | undefined;
}

/** What is to be measured, where and how. */
export interface BenchJob {
  /** The first is the one that speed-ups are over. */
  models: readonly BenchModel[];
  target: Target;
  /** A name or a protocol of one's own. Default `default`. */
  protocol?: string | Protocol | undefined;
  onProgress?: ((progress: BenchProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

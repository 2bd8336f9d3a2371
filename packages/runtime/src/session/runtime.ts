import type { DataType, Model } from '@snp/onnx';

/** A tensor as it goes into and comes out of a runtime. */
export interface RuntimeTensor {
  type: DataType;
  dims: readonly number[];
  /** Typed array of the element type (`BigInt64Array` for INT64, `Uint8Array` for BOOL, bit patterns for FLOAT16). */
  data: RuntimeData;
}

/** Content of a runtime tensor. */
export type RuntimeData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | string[];

/** Tensors by name. */
export type Feeds = Record<string, RuntimeTensor>;

/** What a model expects or gives under a name: symbolic dimensions by their names, unknown ones undefined. */
export interface TensorInfo {
  name: string;
  type: DataType;
  dims: readonly (number | string | undefined)[];
}

/** First and second moments of rows of numbers, in float64; of several heads one after the other. */
export interface Moments {
  /** Rows that were summed. */
  count: number;
  /** Sum of every column, [heads, width]. */
  sums: Float64Array;
  /** Sums of products of every two columns of a head, which are symmetric: of each head the lower triangle, row by row, [heads, width (width + 1) / 2]. See `triangleAt`. */
  products: Float64Array;
}

/** Options of `Session.run`. */
export interface RunOptions {
  /** Outputs to compute. Default: all. */
  fetches?: readonly string[] | undefined;
  /** Outputs that are not given back but added up over runs. */
  sums?: readonly string[] | undefined;
  /** Outputs [rows, heads, width] that are not given back but whose second moments are. */
  moments?: readonly string[] | undefined;
  /** How much this run counts in sums and moments. Default 1. */
  weight?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** A model that is loaded and ready to run. */
export interface Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /**
   * Runs the model. Outputs that `sums` and `moments` name are added up over runs, in float64, where the model runs: they need not travel each time. That may go on after the
   * answer, while the next inputs are made ready; what cannot be added up is then told by the next call.
   */
  run(feeds: Feeds, options?: RunOptions): Promise<Feeds>;
  /** The sum of an output over the runs that named it in `sums`, as DOUBLE; the next sum starts at zero. */
  takeSum(name: string): Promise<RuntimeTensor>;
  /** The moments of an output over the runs that named it in `moments`; the next begin at zero. */
  takeMoments(name: string): Promise<Moments>;
  /** Frees the model. */
  close(): Promise<void>;
}

/** Options of `HoldingSession.run`. */
export interface HoldingRunOptions extends RunOptions {
  /** Inputs that are not given but held: by the name of the input, the name that it is held under. */
  held?: Readonly<Record<string, string>> | undefined;
  /** Outputs that are not given back but held, in place of what was held before: by the name of the output, the name to hold it under. */
  hold?: Readonly<Record<string, string>> | undefined;
}

/**
 * A session that holds tensors where models run, so that what one run gives is what the next takes without travelling: the state of a training, or one model's answers for another. All sessions
 * of a runtime share what is held, as long as one of them is open.
 */
export interface HoldingSession extends Session {
  run(feeds: Feeds, options?: HoldingRunOptions): Promise<Feeds>;
  /** Holds tensors under names, in place of what was held under them before. */
  hold(tensors: Feeds): Promise<void>;
  /** Copies of what is held under names. */
  held(names: readonly string[]): Promise<Feeds>;
  /** Holds them no longer. */
  letGo(names: readonly string[]): Promise<void>;
}

/** What a loaded model takes. */
export interface Footprint {
  /** Milliseconds from the file to a model that is ready to run. */
  loadMs: number;
  /** Bytes of memory of the process that runs it: before the model was loaded, and the most there ever were. */
  baseBytes: number;
  peakBytes: number;
  /** Seconds of processor time that the process has used. */
  cpuSeconds: number;
  /** The runtime's own version. */
  version: string;
}

/** A session that tells what running costs. */
export interface MeasuredSession extends Session {
  /** Runs the model again and again where it is loaded, and tells the milliseconds of each run. */
  time(feeds: Feeds, runs: number, options?: { signal?: AbortSignal | undefined }): Promise<Float64Array>;
  /** What the model and its process take. */
  footprint(): Promise<Footprint>;
  /** Ends profiling, of a runtime opened with `profile`; returns the path of the file that onnxruntime wrote. */
  takeProfile(): Promise<string>;
}

/** Loads models: an inference runtime behind the smallest interface that the packages need. */
export interface Runtime {
  /** Opens a model from its path, its bytes or its graph. */
  open(model: string | Uint8Array | Model, options?: { signal?: AbortSignal | undefined }): Promise<Session>;
}

/** A runtime whose sessions hold tensors. */
export interface HoldingRuntime extends Runtime {
  open(model: string | Uint8Array | Model, options?: { signal?: AbortSignal | undefined }): Promise<HoldingSession>;
}

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

/** Options of `Session.run`. */
export interface RunOptions {
  fetches?: readonly string[] | undefined;
  sums?: readonly string[] | undefined;
  signal?: AbortSignal | undefined;
}

/** A model that is loaded and ready to run. */
export interface Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /**
   * Runs the model; `fetches` names the outputs to compute, default all. Outputs that `sums` names are not given back but added up over runs, in float64, where
   * the model runs: large ones need not travel each time.
   */
  run(feeds: Feeds, options?: RunOptions): Promise<Feeds>;
  /** The sum of an output over the runs that named it in `sums`, as DOUBLE; the next sum starts at zero. */
  takeSum(name: string): Promise<RuntimeTensor>;
  /** Frees the model. */
  close(): Promise<void>;
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

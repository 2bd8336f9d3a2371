import type { Feeds, Footprint, HoldingRunOptions, Moments, RuntimeTensor, TensorInfo } from './runtime.js';

/** How a model is opened. */
export interface SessionSettings {
  executionProviders: readonly string[];
  optimization: 'disabled' | 'basic' | 'extended' | 'all';
  /** Threads within an operator; undefined: the runtime's own choice. */
  threads: number | undefined;
  /** Where profiles go: a path to which onnxruntime adds the date and `.json`. Undefined: nothing is profiled. */
  profile: string | undefined;
}

/** What the parent process asks the child that runs models. */
export type Request = { id: number; session: number } & (
  | { kind: 'open'; path: string; settings: SessionSettings }
  | ({ kind: 'run'; feeds: Feeds } & Omit<HoldingRunOptions, 'signal'>)
  | { kind: 'time'; feeds: Feeds; runs: number }
  | { kind: 'footprint' }
  | { kind: 'takeProfile' }
  | { kind: 'takeSum' | 'takeMoments'; name: string }
  | { kind: 'hold'; tensors: Feeds }
  | { kind: 'held' | 'letGo'; names: readonly string[] }
  | { kind: 'close' }
);

/** What the child answers. */
export interface Response {
  id: number;
  result?:
    | { inputs: TensorInfo[]; outputs: TensorInfo[] }
    | Feeds
    | RuntimeTensor
    | Moments
    | Float64Array
    | Footprint
    | string
    | undefined;
  error?: string;
}

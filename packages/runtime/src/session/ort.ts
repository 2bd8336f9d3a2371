/** What is used of onnxruntime's JavaScript interface, which `onnxruntime-node` and `onnxruntime-web` have in common: either module is one. */
export interface Ort {
  readonly InferenceSession: {
    create(model: string, options?: OrtSessionOptions): Promise<OrtSession>;
    create(model: Uint8Array, options?: OrtSessionOptions): Promise<OrtSession>;
  };
  readonly Tensor: new (type: never, data: never, dims: readonly number[]) => OrtTensor;
}

/** A tensor of onnxruntime. */
export interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  /** Content, where it lies in memory of this program. */
  readonly data: unknown;
}

/** A model that onnxruntime has loaded. */
export interface OrtSession {
  readonly inputMetadata: readonly OrtMetadata[];
  readonly outputMetadata: readonly OrtMetadata[];
  /** @param fetches Outputs, and where they are written: null for memory of their own. */
  run(feeds: Record<string, OrtTensor>, fetches: Record<string, OrtTensor | null>): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

/** What onnxruntime says of an input or output. */
export type OrtMetadata =
  | { readonly name: string; readonly isTensor: false }
  | {
      readonly name: string;
      readonly isTensor: true;
      readonly type: string;
      readonly shape: readonly (number | string)[];
    };

/** Options of a session that are set here. */
export interface OrtSessionOptions {
  executionProviders?: string[];
  graphOptimizationLevel?: 'disabled' | 'basic' | 'extended' | 'all';
  intraOpNumThreads?: number;
  enableProfiling?: boolean;
  profileFilePrefix?: string;
  logSeverityLevel?: 0 | 1 | 2 | 3 | 4;
  extra?: Record<string, unknown>;
}

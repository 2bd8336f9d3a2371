import type { Model } from '@snp/onnx';
import type { SessionSettings } from './protocol.js';
import type { HoldingRuntime, HoldingSession, MeasuredSession } from './runtime.js';

/** Options of `onnxRuntime`. */
export interface OnnxRuntimeOptions {
  /** Threads within an operator. Default: onnxruntime's own choice, one per physical core. */
  threads?: number;
  /** Execution providers in order of preference; one that is missing is an error. Default `['cpu']`. */
  executionProviders?: readonly string[];
  /** Graph optimisations when a model is loaded. Default `all`, or `disabled` for a model that is refused with them. */
  optimization?: SessionSettings['optimization'];
  /** Profile every run: the beginning of the path of the file that `takeProfile` then writes. Default: no profile. */
  profile?: string | undefined;
}

/** onnxruntime with all it can tell about its sessions, which hold tensors. */
export interface OnnxRuntime extends HoldingRuntime {
  open(
    model: string | Uint8Array | Model,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<MeasuredSession & HoldingSession>;
}

/** Defaults of `onnxRuntime`. */
export const ONNX_RUNTIME_DEFAULTS = { executionProviders: ['cpu'], optimization: 'all' } as const;

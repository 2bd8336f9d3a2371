import type { Protocol } from '../protocol/protocol.js';
import type { BenchModel, Target } from '../target/target.js';

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

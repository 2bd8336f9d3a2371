import type { Analysis } from '@snp/graph';
import type { Model } from '@snp/onnx';
import type { LatencyRatio } from '../evaluate/latencyRatio.js';
import type { Widths } from '../plan/widths.js';

/** Predicts latency at any widths, without making the model. */
export interface LatencyModel {
  /** Milliseconds of the original. */
  readonly fullMs: number;
  /** Share of the original's latency that is left; groups that are not named are whole. */
  at(widths: Widths): number;
}

/** Where latency counts: learns how it depends on widths, and measures what came of a plan. `latencyOn` of `@snp/bench` makes one for a target. */
export interface LatencySource {
  /** What it is, for reports: `cpu`, `Raspberry Pi 4`. */
  readonly name: string;
  /** Finds out how latency depends on the widths of a model's groups. */
  learn(analysis: Analysis, options?: LatencySourceOptions): Promise<LatencyModel>;
  /** Measures two models against each other. */
  compare(original: Model, pruned: Model, options?: LatencySourceOptions): Promise<LatencyRatio>;
}

/** Options of both ways of asking. */
export interface LatencySourceOptions {
  onProgress?: ((done: number, total: number | undefined) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** How long one run of the result may take, and where: a share of the original's latency, or milliseconds. */
export type LatencyBudget = { on: LatencySource } & ({ share: number } | { ms: number });

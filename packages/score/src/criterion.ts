import type { Group } from '@snp/graph';
import type { RuntimeTensor, Tap } from '@snp/runtime';
import type { RowKernels } from './kernels/rowKernels.js';

/** What gradients say about the units of a group: of the product of a unit's values with their gradients, summed over the tokens of a sample, one number per unit. */
export interface UnitGradients {
  /** Mean magnitude over calibration samples. */
  readonly magnitude: Float64Array;
  /** Mean square. */
  readonly square: Float64Array;
}

/** What a criterion may know beside the group and its statistics. */
export interface ScoreContext {
  /** Units that will stay per head (lane) of the group. */
  readonly keep: number;
  /** Dense products for large weights. */
  readonly kernels: RowKernels;
  /**
   * Measures the model without one unit (a head, a block) and nothing in its place: the mean Kullback-Leibler divergence of its answers from the
   * original's, in nats, on the first calibration samples. Absent for neurons and without calibration data.
   */
  readonly without?: ((unit: number) => Promise<number>) | undefined;
  /** What was asked for by `Criterion.gradients`. Absent for units without values of their own, and without calibration data. */
  readonly gradients?: UnitGradients | undefined;
}

/** Gathers one statistic of one group while calibration data run through the model. */
export interface Accumulator<T = unknown> {
  /**
   * Called once per batch, in order, with the outputs of the request's taps, each with the batch as first axis. The next
   * batch waits for it.
   */
  add(outputs: readonly RuntimeTensor[], batch: { samples: number }): void | Promise<void>;
  /** The statistic, once all batches were added. Throws if there were none. */
  finish(): T;
}

/** A statistic that a criterion needs of a group: values computed inside the runtime, and what to make of them. */
export interface StatisticRequest<T = unknown> {
  /** Values to compute for this group; an empty list means that the statistic does not apply to it. */
  taps(group: Group): Tap[];
  accumulate(group: Group, context: { keep: number }): Accumulator<T>;
}

/** The statistics of one group, by the names of the criterion's requests. */
export type Statistics = Readonly<Record<string, unknown>>;

/**
 * Gives each unit of a group a score: the units with the lowest scores leave. A plain object, accepted inline.
 *
 * @example
 * const firstWeight: Criterion = {
 *   name: 'first-weight',
 *   score: (group) => Float64Array.from({ length: group.units }, (_, unit) => -unit),
 * };
 */
export interface Criterion {
  /** Shown in reports and errors. */
  readonly name: string;
  /** Version of the contract it was written for: `PLUGIN_CONTRACT` of `@snp/core/plugin` at that time. Checked where given. */
  readonly contract?: number | undefined;
  /** Statistics to gather before scoring; none by default, so that no calibration data are needed. */
  readonly statistics?: Readonly<Record<string, StatisticRequest>>;
  /** Asks for gradients of the log-likelihood of the model's own answers, on calibration data: `ScoreContext.gradients`. Default: false. */
  readonly gradients?: boolean | undefined;
  /** One finite score per unit, in the order of their numbers; the engine checks it. Higher is more important. */
  score(group: Group, statistics: Statistics, context: ScoreContext): Float64Array | Promise<Float64Array>;
}

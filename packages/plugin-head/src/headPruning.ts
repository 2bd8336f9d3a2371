import { asUnits, type Criterion, definePlugin, type HeadSet, type Plugin } from '@snp/core/plugin';
import { type HeadCriterionName, headCriterion } from './criteria/byName.js';

/** Options of `headPruning`. */
export interface HeadPruningOptions {
  /** Fraction of the heads of every attention to remove, at least 0 and below 1. Default: left to the planner of a budget. */
  ratio?: number | undefined;
  /**
   * Which heads leave where a fraction is removed: a name, or a criterion of one's own. The planner of a budget chooses by what the other heads can take
   * over instead. Default `HEAD_PRUNING_DEFAULTS.criterion`.
   */
  criterion?: HeadCriterionName | Criterion | undefined;
  /** Of the criterion `random`. Default 0. */
  seed?: number | undefined;
}

/** Defaults of `headPruning`. */
export const HEAD_PRUNING_DEFAULTS = { criterion: 'energy', seed: 0 } as const;

/**
 * Whole heads as units: with a head leave its queries, keys and values, its rows of the output projection, and its slices of whatever counts heads, as
 * tables of relative positions. Where several queries share a key, a key leaves with its queries. With compensation, what a head gave is folded into the
 * output projection of those that stay.
 *
 * @throws SnpError `invalid-argument` for a criterion that does not exist.
 * @example
 * await prune('deit_base.onnx', { budget: { macs: 0.5 }, calibration, plugins: [headPruning()] });
 * await prune('deit_base.onnx', { plugins: [headPruning({ ratio: 0.25, criterion: 'redundancy' })], calibration });
 */
export function headPruning(options: HeadPruningOptions = {}): Plugin {
  const { ratio, criterion = HEAD_PRUNING_DEFAULTS.criterion, seed = HEAD_PRUNING_DEFAULTS.seed } = options;
  return definePlugin({
    name: 'head',
    find: ({ heads }) => heads.filter(mayLeave).map((set) => asUnits(set)),
    criterion: typeof criterion === 'string' ? headCriterion(criterion, { seed }) : criterion,
    ...(ratio !== undefined && { ratios: { head: ratio } }),
  });
}

function mayLeave({ frozen, units }: HeadSet): boolean {
  return !frozen && units > 1;
}

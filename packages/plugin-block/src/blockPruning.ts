import { type BranchKind, type Criterion, definePlugin, type Plugin, SnpError } from '@snp/core/plugin';
import { branchUnits, wholeUnits } from './blockUnit.js';
import { type BlockCriterionName, blockCriterion } from './criteria/byName.js';

/** Options of `blockPruning`. */
export interface BlockPruningOptions {
  /** `branches`: attention and FFN of every block by themselves. `blocks`: both at once. Default `BLOCK_PRUNING_DEFAULTS.units`. */
  units?: 'branches' | 'blocks' | undefined;
  /** With `branches`: which of them. Default all. */
  kinds?: readonly BranchKind[] | undefined;
  /** Fraction of all units of the model to remove, at least 0 and below 1. Default: left to the planner of a budget. */
  ratio?: number | undefined;
  /** Which leave where a fraction is removed: a name, or a criterion of one's own. Default `BLOCK_PRUNING_DEFAULTS.criterion`. */
  criterion?: BlockCriterionName | Criterion | undefined;
  /** Of the criterion `random`. Default 0. */
  seed?: number | undefined;
}

/** Defaults of `blockPruning`. */
export const BLOCK_PRUNING_DEFAULTS = { units: 'branches', criterion: 'similarity', seed: 0 } as const;

/**
 * Attention and FFN branches, or whole blocks, as units: without one, the residual stream goes on as it was. With compensation, the branch before it
 * takes over what an affine map of its own neurons gives of it.
 *
 * @throws SnpError `invalid-argument` for units, kinds or a criterion that do not exist.
 * @example
 * await prune('deit_base.onnx', { budget: { macs: 0.5 }, calibration, plugins: [blockPruning()] });
 * await prune('deit_base.onnx', { plugins: [blockPruning({ units: 'blocks', ratio: 0.25 })], calibration });
 */
export function blockPruning(options: BlockPruningOptions = {}): Plugin {
  const { units, criterion, seed } = { ...BLOCK_PRUNING_DEFAULTS, ...withoutUndefined(options) };
  const { ratio, kinds = ['attention', 'ffn', 'block'] } = options;
  if (units !== 'branches' && units !== 'blocks')
    throw new SnpError('invalid-argument', `Units of block pruning are 'branches' or 'blocks', not '${units}'.`);
  return definePlugin({
    name: 'block',
    find: (analysis) => (units === 'blocks' ? wholeUnits(analysis) : branchUnits(analysis, kinds)),
    criterion: typeof criterion === 'string' ? blockCriterion(criterion, { seed }) : criterion,
    ...(ratio !== undefined && { ratios: { block: ratio } }),
  });
}

function withoutUndefined<T extends object>(options: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}

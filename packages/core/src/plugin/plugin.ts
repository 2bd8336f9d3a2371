import type { Analysis } from '@snp/graph';
import type { Criterion } from '@snp/score';
import type { UnitGroup } from './unitGroup.js';

/**
 * Version of the contract with criteria and plug-ins: of the fields they may have, when they are called and with what. It rises when
 * something that was right before no longer is; new optional fields leave it as it is.
 */
export const PLUGIN_CONTRACT = 1;

/**
 * Brings units of other kinds than neurons: whole heads, parts of blocks. A plain object, accepted inline; `definePlugin` checks it where it is
 * written. What it finds is planned together with the neurons, in one budget.
 *
 * @example
 * const branches: Plugin = { name: 'branches', find: (analysis) => analysis.branches.map((branch) => asUnits(branch)) };
 */
export interface Plugin {
  /** Shown in reports and errors. */
  readonly name: string;
  /** Version of the contract it was written for, `PLUGIN_CONTRACT` of that time; checked where given. */
  readonly contract?: number | undefined;
  /** Finds its units in an analysed model, which it must not change. An empty list where there are none. */
  find(analysis: Analysis): readonly UnitGroup[] | Promise<readonly UnitGroup[]>;
  /** Scores the units that it found. Default: the criterion of the run. */
  readonly criterion?: Criterion | undefined;
  /**
   * Fractions of its units to remove, by kind or by group id, at least 0 and below 1, beside whatever the run's target says. Of groups with one unit each
   * it is the fraction of all groups of the kind. What is not named is left to the planner.
   */
  readonly ratios?: Readonly<Record<string, number>> | undefined;
}

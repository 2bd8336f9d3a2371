import type { Analysis, NeuronGroup } from '@snp/graph';
import type { Algebra } from '../algebra/algebra.js';
import type { GroupMoments } from '../statistics/moments.js';
import type { Compensation } from './compensation.js';

/** What a method works from. */
export interface MethodInput {
  readonly analysis: Analysis;
  /** What calibration data say of the group. */
  readonly moments: GroupMoments;
  readonly algebra: Algebra;
  /** Whether the error-versus-width curve is wanted, to allocate a budget by. */
  readonly curves: boolean;
}

/** One way of making up for units that leave a group. */
export interface CompensationMethod {
  /** Which moments of a group it works from. */
  readonly statistics: readonly (keyof GroupMoments)[];
  /** Called for all groups before `prepare` is called for the first: opens what takes time. */
  expect?(group: NeuronGroup, algebra: Algebra): void;
  /** Works out how a group is compensated, or why it cannot be, in words that follow the group's name. */
  prepare(group: NeuronGroup, input: MethodInput): Promise<Compensation | string> | Compensation | string;
}

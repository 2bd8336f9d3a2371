import type { Group } from '@snp/graph';
import type { Criterion, ScoreContext, StatisticRequest } from '@snp/score';
import { checkShape, commonFields, isPlain, type Shape } from '../options/checkShape.js';
import { PLUGIN_CONTRACT } from './plugin.js';

const isFunction = (value: unknown) => typeof value === 'function';

const CRITERION: Shape = {
  what: 'criterion',
  fields: {
    ...commonFields(PLUGIN_CONTRACT),
    statistics: {
      is: (value) => isPlain(value) && Object.values(value).every(isRequest),
      form: 'requests by name, each { taps(group), accumulate(group) }',
    },
    gradients: { is: (value) => typeof value === 'boolean', form: 'true or false' },
    score: { is: isFunction, form: 'a function', required: true },
  },
  form: "{ name: 'mine', score(group, statistics, context) { return new Float64Array(group.units); } }",
};

function isRequest(value: unknown): boolean {
  const { taps, accumulate } = (value ?? {}) as StatisticRequest;
  return isFunction(taps) && isFunction(accumulate);
}

/** The statistics of a group as a criterion gets them; undefined where a request has nothing to look at. */
export type StatisticsOf<Requests extends Readonly<Record<string, StatisticRequest>>> = {
  readonly [Name in keyof Requests]: ReturnType<ReturnType<Requests[Name]['accumulate']>['finish']> | undefined;
};

/** A criterion as `defineCriterion` takes it: `score` knows what the requests give. */
export interface CriterionDefinition<Requests extends Readonly<Record<string, StatisticRequest>>>
  extends Omit<Criterion, 'statistics' | 'score'> {
  readonly statistics?: Requests;
  score(group: Group, statistics: StatisticsOf<Requests>, context: ScoreContext): Float64Array | Promise<Float64Array>;
}

/**
 * A criterion, checked where it is written and with the types of its statistics.
 *
 * @returns What it was given.
 * @throws SnpError `plugin` if it is not in the form of a criterion, or written for another version of the contract.
 * @example
 * const variance = defineCriterion({
 *   name: 'variance',
 *   statistics: { moments: momentsStatistic },
 *   score: (group, { moments }) => moments?.variance[0] ?? new Float64Array(group.units),
 * });
 */
export function defineCriterion<const Requests extends Readonly<Record<string, StatisticRequest>>>(
  criterion: CriterionDefinition<Requests>,
): Criterion {
  return checkCriterion(criterion);
}

/** Checks that something is a criterion; throws `plugin`. */
export function checkCriterion(value: unknown): Criterion {
  checkShape(value, CRITERION);
  return value as Criterion;
}

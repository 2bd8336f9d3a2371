import type { Group } from '@snp/graph';
import type { Tap } from '@snp/runtime';
import type { Accumulator, Criterion, StatisticRequest } from '@snp/score';
import { described } from '../options/checkShape.js';
import { brokenContract, type CallLimits, callForeign, callForValue, isPromise } from './foreignCalls.js';

/**
 * The same criterion, with every call into it watched: what it throws, a wrong answer and a promise that does not settle become errors that name the
 * criterion, what was called and for which group.
 */
export function guardedCriterion(criterion: Criterion, limits: CallLimits): Criterion {
  const who = `Criterion '${criterion.name}'`;
  const { name, statistics, gradients } = criterion;
  return {
    name,
    gradients,
    ...(statistics && {
      statistics: Object.fromEntries(
        Object.entries(statistics).map(([key, request]) => [key, guardedRequest(request, who, key, limits)]),
      ),
    }),
    async score(group, given, context) {
      const call = { who, what: 'score', group: group.id };
      const scores = await callForeign(call, limits, () => criterion.score(group, given, context));
      const wrong = whatIsWrong(scores, group.units);
      if (wrong === undefined) return scores;
      throw brokenContract(
        call,
        wrong,
        `It must return a Float64Array of ${group.units} finite numbers, one per unit.`,
      );
    },
  };
}

function guardedRequest(request: StatisticRequest, who: string, key: string, limits: CallLimits): StatisticRequest {
  return {
    taps(group) {
      const call = callOf('taps', group);
      const taps = callForValue(call, 'a list of taps', isListOfTaps, () => request.taps(group));
      return taps.map((tap) => ({
        name: tap.name,
        build: (model) =>
          callForValue(callOf(`tap '${tap.name}'`, group), 'a value of the model', isValue, () => tap.build(model)),
      }));
    },
    accumulate(group, context) {
      const form = 'an object with add and finish';
      const own = callForValue(callOf('accumulate', group), form, isAccumulator, () =>
        request.accumulate(group, context),
      );
      return {
        add: (outputs, batch) => callForeign(callOf('add', group), limits, () => own.add(outputs, batch)),
        finish: () =>
          callForValue(
            callOf('finish', group),
            AT_ONCE,
            (value) => !isPromise(value),
            () => own.finish(),
          ),
      };
    },
  };

  function callOf(what: string, group: Group) {
    return { who, what: `statistics.${key}: ${what}`, group: group.id };
  }
}

const AT_ONCE = 'its statistic at once: what takes time belongs into add';

const isListOfTaps = (value: unknown) =>
  Array.isArray(value) && value.every((tap: Partial<Tap> | undefined) => typeof tap?.build === 'function');

const isValue = (value: unknown) => typeof (value as { name?: unknown } | undefined)?.name === 'string';

const isAccumulator = (value: unknown) => {
  const { add, finish } = (value ?? {}) as Partial<Accumulator>;
  return typeof add === 'function' && typeof finish === 'function';
};

function whatIsWrong(scores: unknown, units: number): string | undefined {
  if (!(scores instanceof Float64Array)) return `returned ${described(scores)}`;
  if (scores.length !== units) return `returned ${scores.length} scores`;
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  return bad >= 0 ? `returned ${scores[bad]} for unit ${bad}` : undefined;
}

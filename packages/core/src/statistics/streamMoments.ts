import type { Group, Site } from '@snp/graph';
import { secondMomentsOf, secondMomentsTap } from '@snp/runtime';
import type { StatisticRequest } from '@snp/score';
import { normBehind, withoutScale } from '../recovery/norm.js';
import { enoughRows, type SecondMoments, type SecondMomentsOptions } from './secondMoments.js';

/** Second moments of the residual stream behind its norms, before their scale and shift, in the order of the group's sites of role `input`. */
export type StreamMoments = SecondMoments[];

/** Second moments of the residual stream at the place of each of its readers. */
export function streamMoments({ batches }: SecondMomentsOptions = {}): StatisticRequest<StreamMoments> {
  return {
    summed: true,
    taps(group) {
      const rows = enoughRows(group, batches);
      return readingSites(group).map(({ value, rank, axis: feature }) => ({
        name: `streamMoments/${value.name}`,
        build(model) {
          const plain = withoutScale(model, model.graph.value(value.name));
          return secondMomentsTap(plain, { rank, feature, width: group.units, rows }).build(model);
        },
      }));
    },
    accumulate(group) {
      let moments: StreamMoments | undefined;
      return {
        add(sums) {
          moments = sums.map(({ data }) => secondMomentsOf(data as Float64Array, group.units));
        },
        finish: () => moments!,
      };
    },
  };
}

/** Places where layers read all channels of a residual group in their order, behind a norm. */
function readingSites(group: Group): Site[] {
  if (group.kind !== 'residual') return [];
  const sites = group.sites.filter(({ role }) => role === 'input');
  const plain = ({ unitAt, value }: Site) =>
    unitAt.length === group.units && unitAt.every((unit, at) => unit === at) && normBehind(value) !== undefined;
  return sites.every(plain) ? sites : [];
}

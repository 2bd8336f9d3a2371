import type { Group, Site } from '@snp/graph';
import { rowsTap } from '@snp/runtime';
import { normBehind, withoutScale } from '../layers/norm.js';
import type { StreamMoments } from '../statistics/moments.js';
import type { MomentsRequest } from './momentsRequest.js';
import { enoughRows, type SecondMomentsOptions } from './secondMoments.js';

/** Second moments of the residual stream at the place of each of its readers. */
export function streamMoments({ batches }: SecondMomentsOptions = {}): MomentsRequest<StreamMoments> {
  return {
    rows(group) {
      const rows = enoughRows(batches, group.units);
      return readingSites(group).map(({ value, rank, axis: feature }) => ({
        name: `streamMoments/${value.name}`,
        rows,
        build(model) {
          const plain = withoutScale(model, model.graph.value(value.name));
          return rowsTap(plain, { rank, feature, width: group.units }).build(model);
        },
      }));
    },
    statistic: (_, moments) => [...moments],
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

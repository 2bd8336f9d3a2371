import {
  type Criterion,
  defineCriterion,
  type Group,
  type HeadSet,
  l2,
  projections,
  type SecondMoments,
  secondMoments,
  unitRows,
} from '@snp/core';

const moments = secondMoments();

/**
 * What a head adds to the residual stream on calibration data: the mean square of its values times its rows of the output projection,
 * E |o_h W_h|^2 = tr(W_h^T M_h W_h), M_h the second moments of its values after attention. Without calibration data, or where no single layer reads the
 * values, the l2 norm of its weights.
 */
export function energy(): Criterion {
  return defineCriterion({
    name: 'energy',
    statistics: {
      values: {
        summed: true,
        taps: (group: Group) => {
          const value = valuesOf(group);
          return value ? moments.taps(value.group) : [];
        },
        accumulate: (group: Group, context: { keep: number }) =>
          moments.accumulate(valuesOf(group)?.group ?? group, context),
      },
    },
    score: (group, { values }, context) => {
      const part = valuesOf(group);
      if (!values || !part) return l2().score(group, {}, context);
      return Float64Array.from(part.units, (units) => energyOf(units, part.group, values));
    },
  });
}

/** The value neurons of heads, by head. */
function valuesOf(group: Group): HeadSet['parts'][number] | undefined {
  return (group as HeadSet).parts.find((part) => part.group.kind === 'value');
}

function energyOf(units: readonly number[], values: Group, { count, products }: SecondMoments): number {
  const { rows, width } = unitRows(values, projections(values, 'input'));
  let sum = 0;
  for (const a of units) {
    for (const b of units) {
      let product = 0;
      for (let at = 0; at < width; at++) product += rows[a * width + at] * rows[b * width + at];
      sum += (products[a * values.units + b] / count) * product;
    }
  }
  return sum;
}

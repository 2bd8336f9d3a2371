import {
  type Criterion,
  defineCriterion,
  type Group,
  gramTap,
  type HeadSet,
  l2,
  projections,
  type Site,
  unitRows,
} from '@snp/core/plugin';

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
        taps: (group: Group) => {
          const site = siteOf(group);
          if (!site) return [];
          const { value, rank, axis: feature, laneAxis: head, lanes: heads } = site;
          return [gramTap(value, { rank, feature, head, heads })];
        },
        accumulate: (group: Group) => {
          const { unitAt, lanes } = siteOf(group)!;
          const sums = new Float64Array(unitAt.length ** 2 / lanes);
          return {
            // [samples x heads, d, d], samples outside.
            add: ([products]) => {
              const data = products.data as Float64Array;
              for (let at = 0; at < data.length; at++) sums[at % sums.length] += data[at];
            },
            finish: () => sums,
          };
        },
      },
    },
    score: (group, { values }, context) => (values ? energies(group, values) : l2().score(group, {}, context)),
  });
}

/** The value neurons of heads, by head. */
function valuesOf(group: Group): HeadSet['parts'][number] | undefined {
  return (group as HeadSet).parts.find((part) => part.group.kind === 'value');
}

/** Where the one layer behind reads the values. */
function siteOf(group: Group): Site | undefined {
  const sites = valuesOf(group)?.group.sites.filter(({ role }) => role === 'input') ?? [];
  return sites.length === 1 ? sites[0] : undefined;
}

function energies(group: Group, products: Float64Array): Float64Array {
  const { group: values, units } = valuesOf(group)!;
  const { unitAt, lanes } = siteOf(group)!;
  const { rows, width } = unitRows(values, projections(values, 'input'));
  const headOf = new Map(units.flatMap((own, head) => own.map((unit) => [unit, head] as const)));
  const scores = new Float64Array(group.units);
  const d = unitAt.length / lanes;
  for (let lane = 0; lane < lanes; lane++) {
    const own = unitAt.subarray(lane * d, (lane + 1) * d);
    for (const [a, unit] of own.entries()) {
      for (const [b, other] of own.entries()) {
        const head = headOf.get(unit)!;
        // Heads may share the axis: what they add together is nobody's.
        if (headOf.get(other) !== head) continue;
        let product = 0;
        for (let at = 0; at < width; at++) product += rows[unit * width + at] * rows[other * width + at];
        scores[head] += products[(lane * d + a) * d + b] * product;
      }
    }
  }
  return scores;
}

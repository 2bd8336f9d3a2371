import {
  type Criterion,
  defineCriterion,
  type Group,
  gramTap,
  type HeadSet,
  l2,
  type Member,
  projections,
  type Site,
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

/** Where the one layer behind reads the values, in the order of its weight. */
function siteOf(group: Group): Site | undefined {
  const values = valuesOf(group)?.group;
  const sites = values?.sites.filter(({ role }) => role === 'input') ?? [];
  const [weight, ...others] = values ? projections(values, 'input') : [];
  const inOrder = weight?.unitOf.length === sites[0]?.unitAt.length;
  const same = inOrder && sites[0]?.unitAt.every((unit, at) => unit === weight.unitOf[at]);
  return sites.length === 1 && others.length === 0 && same ? sites[0] : undefined;
}

function energies(group: Group, products: Float64Array): Float64Array {
  const { group: values, units } = valuesOf(group)!;
  const { unitAt, lanes } = siteOf(group)!;
  const { rows, width } = positionRows(projections(values, 'input')[0]);
  const headOf = new Map(units.flatMap((own, head) => own.map((unit) => [unit, head] as const)));
  const scores = new Float64Array(group.units);
  const d = unitAt.length / lanes;
  for (let first = 0; first < unitAt.length; first += d) {
    for (let a = 0; a < d; a++) {
      const head = headOf.get(unitAt[first + a])!;
      for (let b = 0; b < d; b++) {
        // Heads may share the axis: what they add together is nobody's.
        if (headOf.get(unitAt[first + b]) !== head) continue;
        let product = 0;
        for (let at = 0; at < width; at++) product += rows[(first + a) * width + at] * rows[(first + b) * width + at];
        scores[head] += products[(first + a) * d + b] * product;
      }
    }
  }
  return scores;
}

/** The slices of a weight along the axis of the units, as rows. */
function positionRows({ initializer, axis }: Member): { rows: Float64Array; width: number } {
  const { dims } = initializer.tensor!;
  const data = initializer.tensor!.numbers();
  const width = data.length / dims[axis];
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const rows = new Float64Array(data.length);
  for (let at = 0; at < data.length; at++) {
    const position = Math.floor(at / inner) % dims[axis];
    rows[position * width + Math.floor(at / (inner * dims[axis])) * inner + (at % inner)] = data[at];
  }
  return { rows, width };
}

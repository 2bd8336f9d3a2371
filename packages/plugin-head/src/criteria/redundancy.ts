import {
  type Criterion,
  defineCriterion,
  type Group,
  type HeadSet,
  SnpError,
  type Tap,
  TapBuilder,
} from '@snp/core/plugin';

/**
 * How little a head's attention map resembles those of the others, over all calibration samples: sum over the other heads of 1 - cos(A_h, A_j). The
 * formula is that of SNP for value neurons (arXiv 2404.11630), of maps in place of weights. Most redundant leave.
 */
export function redundancy(): Criterion {
  return defineCriterion({
    name: 'redundancy',
    statistics: {
      maps: {
        taps: (group: Group) => {
          const { map, units } = group as HeadSet;
          return map ? [productsTap(map, units)] : [];
        },
        accumulate: ({ units }: Group) => {
          const products = new Float64Array(units * units);
          return {
            add: ([batch]) => {
              for (const [at, product] of (batch.data as Float64Array).entries()) products[at] += product;
            },
            finish: () => products,
          };
        },
      },
    },
    score({ id, units }, { maps }) {
      if (!maps) {
        throw new SnpError(
          'calibration',
          `Redundancy compares attention maps of '${id}': it takes calibration data, and an attention whose map is a value of the graph. Choose the criterion 'energy' or 'sensitivity'.`,
          { group: id },
        );
      }
      return Float64Array.from({ length: units }, (_, head) => {
        let sum = 0;
        for (let other = 0; other < units; other++) {
          const norm = Math.sqrt(maps[head * (units + 1)] * maps[other * (units + 1)]);
          if (other !== head) sum += 1 - (norm > 0 ? maps[head * units + other] / norm : 0);
        }
        return sum;
      });
    },
  });
}

/** Inner products of the maps of all heads, [heads, heads], summed over samples, queries and keys. */
function productsTap({ value, axis, rank }: NonNullable<HeadSet['map']>, heads: number): Tap {
  return {
    name: `maps/${value.name}`,
    build(model) {
      const build = new TapBuilder(model);
      const others = Array.from({ length: rank }, (_, at) => at).filter((at) => at !== axis);
      // Heads to the end, where the batch comes apart from them if both share an axis; then to the front.
      const last = build.transpose(build.double(model.graph.value(value.name)), [...others, axis]);
      const apart = build.op('Transpose', [build.reshape(last, [-1, heads])], { perm: [1, 0] });
      const products = build.op('MatMul', [apart, build.op('Transpose', [apart], { perm: [1, 0] })]);
      products.type = { elementType: 'DOUBLE', shape: [heads, heads] };
      return products;
    },
  };
}

import { productOf } from '@snp/onnx';
import { Factor } from '../../layout/factor.js';
import type { Field, Layout } from '../../layout/layout.js';
import { reshapeLayout } from '../../layout/reshapeLayout.js';

/** An operand as [batch, heads, tokens, neurons]; one of that form as it is. Undefined where its last axis holds no `heads` alike. */
export function perHead(layout: Layout | undefined, heads: number): Layout | undefined {
  if (!layout || layout.axes.length === 4) return layout;
  if (layout.axes.length !== 3) return undefined;
  const [batch, tokens, merged] = layout.axes;
  const width = productOf(merged.map((factor) => factor.size));
  if (typeof width !== 'number' || width % heads !== 0) return undefined;
  // Only the last axis is taken apart: the others may have any factors.
  const within = (field: Field) => field.factors.filter((factor) => merged.includes(factor)).length;
  const own = layout.fields.filter((field) => within(field) > 0);
  const last = own.every((field) => within(field) === field.factors.length)
    ? reshapeLayout({ axes: [merged], fields: own }, [heads, width / heads])
    : undefined;
  if (!last) return undefined;
  const rest = layout.fields.filter((field) => within(field) === 0);
  return { axes: [batch, last.axes[0], tokens, last.axes[1]], fields: [...last.fields, ...rest] };
}

/** [batch, heads, tokens, neurons] as [batch, tokens, heads x neurons]. */
export function mergeHeads({ axes: [batch, heads, tokens, neurons], fields }: Layout): Layout {
  return { axes: [batch, tokens, [...heads, ...neurons]], fields };
}

/** The number of heads of [batch, heads, tokens, neurons], if it is known. */
export function headsOf({ axes }: Layout): number | undefined {
  const count = productOf(axes[1].map((factor) => factor.size));
  return typeof count === 'number' ? count : undefined;
}

/** Keys or values with each head `times` times, one after the other, as queries that share a key find them. */
export function repeatHeads(layout: Layout, times: number): Layout {
  if (times === 1) return layout;
  return { axes: layout.axes.with(1, [...layout.axes[1], new Factor(times)]), fields: layout.fields };
}

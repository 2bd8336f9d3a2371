import {
  eachPosition,
  type Factor,
  type Field,
  type Layout,
  type Propagation,
  rowsOf,
  shrinkingFactor,
  sizesOf,
} from '@snp/graph';
import { type Dim, mulDims, SnpError, type Value } from '@snp/onnx';

/** What becomes of the axes of values when labels leave. */
export class Shrinkage {
  constructor(
    readonly walk: Propagation,
    /** True for labels that leave. */
    readonly leaves: (label: number) => boolean,
  ) {}

  /** The dimensions of a value afterwards. */
  newShape(value: Value): readonly Dim[] {
    const layout = this.walk.layouts.get(value);
    if (!layout) {
      const shape = this.walk.shapes.shape(value);
      if (!shape)
        throw new SnpError('unsupported', `The shape of '${value.name}' is not known.`, { value: value.name });
      return shape;
    }
    return this.shapeOf(layout, value.name);
  }

  /** The dimensions afterwards of whatever has this layout. */
  shapeOf(layout: Layout, name: string): readonly Dim[] {
    return layout.axes.map((axis) =>
      axis.reduce<Dim>((product, factor) => mulDims(product, this.#newSize(layout, factor, name)), 1),
    );
  }

  /**
   * The dimensions afterwards even where rows keep different numbers, as in a fused projection before it is taken apart:
   * an axis that runs over all rows at once has a length all the same. Undefined where there is no rectangular form.
   */
  shapeIfMade(layout: Layout, name: string): readonly Dim[] | undefined {
    if (!this.isRagged(layout)) return this.shapeOf(layout, name);
    const ragged = layout.fields.filter((field) => this.#isRagged(field));
    const shape = layout.axes.map((axis) => {
      const own = ragged.find((field) => axis.some((factor) => field.factors.includes(factor)));
      if (!own) return axis.reduce<Dim>((product, factor) => mulDims(product, this.#newSize(layout, factor, name)), 1);
      const whole = axis.length === own.factors.length && axis.every((factor, at) => own.factors[at] === factor);
      return whole ? this.#rowCounts(own).reduce((sum, count) => sum + count, 0) : undefined;
    });
    return shape.every((dim) => dim !== undefined) ? shape : undefined;
  }

  /** True if the rows of some field keep different numbers, so that the value has no rectangular form. Rows of heads that leave whole do not count. */
  isRagged(layout: Layout): boolean {
    return layout.fields.some((field) => this.#isRagged(field));
  }

  /** Positions along an axis that stay, ascending; an error if they differ between rows of a field. */
  keptAlong(layout: Layout, axis: number, what: string): number[] {
    const size = layout.axes[axis].reduce((product, factor) => product * (factor.size as number), 1);
    const all = Array.from({ length: size }, (_, position) => position);
    const rows = this.#rowsAlong(layout, axis);
    if (rows.length === 0) return all;
    const kept = withoutEmpty(rows.map((row) => all.filter((position) => !this.leaves(row[position]))));
    if (kept.some((positions) => positions.join() !== kept[0].join())) {
      throw new SnpError(
        'unsupported',
        `Different heads keep different positions of '${what}', which cannot be selected at once.`,
      );
    }
    return kept[0];
  }

  /** Those of `positions` along an axis that stay, in the new numbering; an error if rows of a field differ. */
  positionsAfter(layout: Layout, axis: number, positions: readonly number[], what: string): number[] {
    const rows = this.#rowsAlong(layout, axis);
    if (rows.length === 0) return [...positions];
    const left = rows.filter((row) => row.some((label) => !this.leaves(label)));
    const answers = left.map((row) => {
      const after = new Map<number, number>();
      for (let at = 0; at < row.length; at++) if (!this.leaves(row[at])) after.set(at, after.size);
      return positions.flatMap((position) => after.get(position) ?? []);
    });
    if (answers.length === 0) return [];
    if (answers.some((answer) => answer.join() !== answers[0].join())) {
      throw new SnpError(
        'unsupported',
        `Different heads would keep different positions of what is picked from '${what}'.`,
        { value: what },
      );
    }
    return answers[0];
  }

  #newSize(layout: Layout, factor: Factor, name: string): Dim {
    let size: Dim = factor.size;
    for (const field of layout.fields) {
      if (!field.factors.includes(factor)) continue;
      const left = this.#sizesOf(field);
      if (!left) continue;
      if (left === 'ragged') {
        throw new SnpError('unsupported', `The heads of '${name}' would keep different numbers of neurons.`, {
          value: name,
        });
      }
      size = left[field.factors.indexOf(factor)];
    }
    return size;
  }

  #isRagged(field: Field): boolean {
    return this.#sizesOf(field) === 'ragged';
  }

  /**
   * The sizes of a field's factors afterwards; undefined if nothing of it leaves. Heads that leave whole make the factors that count them smaller, all
   * others must keep equally many neurons.
   */
  #sizesOf(field: Field): number[] | 'ragged' | undefined {
    if (!field.labels.some((label) => this.leaves(label))) return undefined;
    const sizes = sizesOf(field.factors);
    const innermost = sizes.length - 1;
    const shrinking = shrinkingFactor(field, this.walk.labels);
    const inner = shrinking ? field.factors.indexOf(shrinking) : innermost;
    const counts = rowsOf(field, field.factors[inner]).map((row) =>
      row.reduce((count, label) => count + (this.leaves(label) ? 0 : 1), 0),
    );
    const outer = sizes.toSpliced(inner, 1);
    const left = outer.map(() => new Set<number>());
    let rows = 0;
    let kept: number | undefined;
    for (const [row, count] of counts.entries()) {
      if (count === 0) continue;
      rows++;
      kept ??= count;
      if (count !== kept) return 'ragged';
      for (let at = outer.length - 1, rest = row; at >= 0; rest = Math.floor(rest / outer[at]), at--)
        left[at].add(rest % outer[at]);
    }
    const numbers = left.map((positions) => positions.size);
    if (numbers.reduce((product, number) => product * number, 1) !== rows) return 'ragged';
    return numbers.toSpliced(inner, 0, kept ?? 0);
  }

  /** How many labels stay in each row of a field. */
  #rowCounts(field: Field): number[] {
    const shrinking = shrinkingFactor(field, this.walk.labels);
    if (!shrinking) return [];
    return rowsOf(field, shrinking).map((row) => row.reduce((n, label) => n + (this.leaves(label) ? 0 : 1), 0));
  }

  /** The labels along an axis, one row for each combination of positions elsewhere; none if the axis bears no labels. */
  #rowsAlong(layout: Layout, axis: number): Int32Array[] {
    const own = layout.axes[axis];
    const field = layout.fields.find(({ factors }) => own.some((factor) => factors.includes(factor)));
    if (!field || own.some(({ size }) => typeof size !== 'number')) return [];
    const length = sizesOf(own).reduce((product, size) => product * size, 1);
    const elsewhere = field.factors.filter((factor) => !own.includes(factor));
    const rows: Int32Array[] = [];
    eachPosition([...elsewhere, ...own], field.factors, (at, labelAt) => {
      if (at % length === 0) rows.push(new Int32Array(length));
      rows[rows.length - 1][at % length] = field.labels[labelAt];
    });
    return rows;
  }
}

/** Rows of which something stays; if there are none, one of them. */
function withoutEmpty(rows: readonly number[][]): readonly number[][] {
  const left = rows.filter(({ length }) => length > 0);
  return left.length > 0 ? left : rows.slice(0, 1);
}

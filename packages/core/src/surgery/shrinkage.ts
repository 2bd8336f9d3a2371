import { type Factor, type Field, type Layout, type Propagation, rowsOf, shrinkingFactor } from '@snp/graph';
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
    const ragged = layout.fields.filter((field) => new Set(this.#rowCounts(field)).size > 1);
    const shape = layout.axes.map((axis) => {
      const own = ragged.find((field) => axis.some((factor) => field.factors.includes(factor)));
      if (!own) return axis.reduce<Dim>((product, factor) => mulDims(product, this.#newSize(layout, factor, name)), 1);
      const whole = axis.length === own.factors.length && axis.every((factor, at) => own.factors[at] === factor);
      return whole ? this.#rowCounts(own).reduce((sum, count) => sum + count, 0) : undefined;
    });
    return shape.every((dim) => dim !== undefined) ? shape : undefined;
  }

  /** True if the rows of some field keep different numbers, so that the value has no rectangular form. */
  isRagged(layout: Layout): boolean {
    return layout.fields.some((field) => new Set(this.#rowCounts(field)).size > 1);
  }

  /** Positions along an axis that stay, ascending; an error if they differ between rows of a field. */
  keptAlong(layout: Layout, axis: number, what: string): number[] {
    const size = layout.axes[axis].reduce((product, factor) => product * (factor.size as number), 1);
    const all = Array.from({ length: size }, (_, position) => position);
    const rows = this.#rowsAlong(layout, axis);
    if (rows.length === 0) return all;
    const kept = rows.map((row) => all.filter((position) => !this.leaves(row[position])));
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
    const answers = this.#rowsAlong(layout, axis).map((row) => {
      const after = new Map<number, number>();
      for (let at = 0; at < row.length; at++) if (!this.leaves(row[at])) after.set(at, after.size);
      return positions.flatMap((position) => after.get(position) ?? []);
    });
    if (answers.length === 0) return [...positions];
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
      if (!field.factors.includes(factor) || shrinkingFactor(field, this.walk.labels) !== factor) continue;
      const counts = this.#rowCounts(field);
      if (counts.some((count) => count !== counts[0])) {
        throw new SnpError('unsupported', `The heads of '${name}' would keep different numbers of neurons.`, {
          value: name,
        });
      }
      if (counts.length > 0) size = counts[0];
    }
    return size;
  }

  /** How many labels stay in each row of a field. */
  #rowCounts(field: Field): number[] {
    if (!field.labels.some((label) => this.leaves(label))) return [];
    const shrinking = shrinkingFactor(field, this.walk.labels);
    if (!shrinking) return [];
    return rowsOf(field, shrinking).map((row) => row.reduce((n, label) => n + (this.leaves(label) ? 0 : 1), 0));
  }

  /** The labels along an axis, one row for each combination of positions elsewhere; none if the axis bears no labels. */
  #rowsAlong(layout: Layout, axis: number): Int32Array[] {
    const own = layout.axes[axis];
    for (const field of layout.fields) {
      if (!own.some((factor) => field.factors.includes(factor))) continue;
      if (own.length === 1) return rowsOf(field, own[0]);
      const flat = own.every((factor, i) => field.factors[field.factors.indexOf(own[0]) + i] === factor);
      if (flat && field.factors.length === own.length) return [field.labels];
    }
    return [];
  }
}

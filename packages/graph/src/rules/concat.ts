import type { Node } from '@snp/onnx';
import { type AxisGroup, alignAxes } from '../layout/align.js';
import { Factor } from '../layout/factor.js';
import { type Field, fieldsOn, flattenAxis, type Layout, plainLayout, sizesOf } from '../layout/layout.js';
import type { Propagation } from '../propagate/propagation.js';
import type { OperatorRule } from './rule.js';

/** Concat: positions of the inputs follow one another along the axis and are coupled along all others. */
export const concatRule: OperatorRule = {
  operators: { Concat: { inputs: Number.POSITIVE_INFINITY, attributes: { axis: 'any' }, versions: [4] } },
  summary: 'positions follow one another along the axis and are coupled along the others',
  propagate(node, walk) {
    const layouts = node.inputs.map((_, index) => walk.input(node, index));
    const shape = walk.shape(node.outputs[0]);
    if (layouts.some((layout) => !layout) || !shape) {
      for (const layout of layouts) walk.freezeAll(layout?.fields ?? [], node, 'joins a value of unknown shape');
      return walk.setOutput(node, 0);
    }
    const axis = node.int('axis', 0) < 0 ? node.int('axis', 0) + shape.length : node.int('axis', 0);
    const result = concatenate(node, walk, layouts as Layout[], axis, shape);
    if (!result) {
      for (const layout of layouts)
        walk.freezeAll(layout?.fields ?? [], node, 'joins axes that split into different factors');
    }
    walk.setOutput(node, 0, result);
  },
};

function concatenate(
  node: Node,
  walk: Propagation,
  layouts: readonly Layout[],
  axis: number,
  shape: Parameters<typeof plainLayout>[0],
): Layout | undefined {
  const groups: AxisGroup[] = [];
  for (let other = 0; other < shape.length; other++) {
    if (other !== axis) groups.push(layouts.map((_, at) => [at, other] as const));
  }
  const aligned = alignAxes(layouts, groups);
  if (!aligned) return undefined;
  const along = joinAlong(node, walk, aligned, axis);
  // Fields that do not run along the axis are coupled across the inputs.
  const across = aligned.map((layout) =>
    layout.fields.filter((field) => !field.factors.some((f) => layout.axes[axis].includes(f))),
  );
  const [first, ...rest] = across;
  for (const fields of rest) {
    for (const field of fields) {
      for (const partner of first) if (sameFactors(field, partner)) walk.unify(field, partner, node);
    }
  }
  for (const fields of across) {
    for (const field of fields) {
      if (across.every((others) => others.some((other) => sameFactors(other, field)))) continue;
      for (const factor of field.factors)
        walk.keepWhole(field, factor, node, 'is joined with a value whose positions are not weights');
    }
  }
  const axes = aligned[0].axes.map((factors, at) => {
    if (at === axis) return along?.axis ?? plainLayout([shape[axis]]).axes[0];
    return aligned.map((layout) => layout.axes[at]).find((own) => own.length > 0) ?? factors;
  });
  return { axes, fields: [...first, ...(along?.fields ?? [])] };
}

/** A few nodes that join a value with itself, again and again, must not take all memory. */
const MOST_LABELS = 2 ** 20;

/** Joins the labels along the axis, if every input has labels there over the same other factors. */
function joinAlong(
  node: Node,
  walk: Propagation,
  layouts: readonly Layout[],
  axis: number,
): { axis: Factor[]; fields: Field[] } | undefined {
  const labelled = layouts.map((layout) => fieldsOn(layout, layout.axes[axis]));
  if (labelled.every((fields) => fields.length === 0)) return undefined;
  const flat = layouts.map((layout) => flattenAxis(layout, axis));
  const parts = flat.map((layout) => layout && fieldsOn(layout, layout.axes[axis]));
  const shapes = parts.map((fields, at) =>
    fields?.length === 1 ? split(fields[0], flat[at]!.axes[axis][0]) : undefined,
  );
  const [head] = shapes;
  const fits = shapes.every(
    (part) => head && part && part.rest.length === head.rest.length && part.rest.every((f, i) => f === head.rest[i]),
  );
  if (!fits) {
    for (const fields of labelled)
      walk.freezeAll(fields, node, 'joins labelled positions with others that are not weights');
    return undefined;
  }
  const known = shapes as NonNullable<(typeof shapes)[number]>[];
  const total = known.reduce((sum, part) => sum + part.size, 0);
  const rows = sizesOf(known[0].rest).reduce((product, size) => product * size, 1);
  if (rows * total > MOST_LABELS) {
    for (const fields of labelled) walk.freezeAll(fields, node, 'joins more positions than are followed');
    return undefined;
  }
  const labels = new Int32Array(rows * total);
  for (let row = 0, to = 0; row < rows; row++) {
    for (const part of known) {
      labels.set(part.labels.subarray(row * part.size, (row + 1) * part.size), to);
      to += part.size;
    }
  }
  const joined = new Factor(total);
  const field = { factors: [...known[0].rest, joined], labels, zero: known.every((part) => part.zero) };
  return { axis: [joined], fields: [field] };
}

/** A field as rows over its other factors and columns along `factor`, which must be its innermost. */
function split(field: Field, factor: Factor) {
  if (field.factors[field.factors.length - 1] !== factor) return undefined;
  return { rest: field.factors.slice(0, -1), size: factor.size as number, labels: field.labels, zero: field.zero };
}

function sameFactors(a: Field, b: Field): boolean {
  return a.factors.length === b.factors.length && a.factors.every((factor) => b.factors.includes(factor));
}

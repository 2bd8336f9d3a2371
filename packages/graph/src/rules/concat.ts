import type { Node } from '@snp/onnx';
import { type AxisGroup, alignAxes } from '../layout/align.js';
import { Factor } from '../layout/factor.js';
import { type Field, fieldsOn, flattenAxis, type Layout, plainLayout, sameFactors, sizesOf } from '../layout/layout.js';
import type { Propagation } from '../walk/propagation.js';
import { repeatAxis } from './repeat.js';
import type { OperatorRule } from './rule.js';
import { axisFromFront } from './select.js';

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
    const axis = axisFromFront(node.int('axis', 0), shape.length);
    const [first] = layouts as Layout[];
    // A value that follows itself is repeated, as keys are for several queries each.
    if (node.inputs.length > 1 && node.inputs.every((value) => value === node.inputs[0]))
      return walk.setOutput(node, 0, repeatAxis(first, axis, { whole: node.inputs.length, each: 1 }));
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
  const fields = first.map((field) => {
    const alike = across.flatMap((others) => others.filter((other) => sameFactors(other, field)));
    return { ...field, zero: alike.every(({ zero }) => zero), centred: alike.some(({ centred }) => centred === true) };
  });
  return { axes, fields: [...fields, ...(along?.fields ?? [])] };
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
    (part) => head && part && sameOrder(part.outer, head.outer) && sameOrder(part.inner, head.inner),
  );
  if (!fits) {
    for (const fields of labelled)
      walk.freezeAll(fields, node, 'joins labelled positions with others that are not weights');
    return undefined;
  }
  const known = shapes as NonNullable<(typeof shapes)[number]>[];
  const total = known.reduce((sum, part) => sum + part.size, 0);
  const rows = sizesOf(head!.outer).reduce((product, size) => product * size, 1);
  const inner = sizesOf(head!.inner).reduce((product, size) => product * size, 1);
  if (rows * total * inner > MOST_LABELS) {
    for (const fields of labelled) walk.freezeAll(fields, node, 'joins more positions than are followed');
    return undefined;
  }
  const labels = new Int32Array(rows * total * inner);
  for (let row = 0, to = 0; row < rows; row++) {
    for (const { size, labels: own } of known) {
      labels.set(own.subarray(row * size * inner, (row + 1) * size * inner), to);
      to += size * inner;
    }
  }
  const joined = new Factor(total);
  const factors = [...head!.outer, joined, ...head!.inner];
  const zero = known.every((part) => part.zero);
  const centred = known.some((part) => part.centred);
  return { axis: [joined], fields: [{ factors, labels, zero, centred }] };
}

/** A field as rows over the factors before `factor`, positions along it, and what is inside of each. */
function split(field: Field, factor: Factor) {
  const at = field.factors.indexOf(factor);
  const [outer, inner] = [field.factors.slice(0, at), field.factors.slice(at + 1)];
  return {
    outer,
    inner,
    size: factor.size as number,
    labels: field.labels,
    zero: field.zero,
    centred: field.centred === true,
  };
}

function sameOrder(a: readonly Factor[], b: readonly Factor[]): boolean {
  return a.length === b.length && a.every((factor, at) => factor === b[at]);
}

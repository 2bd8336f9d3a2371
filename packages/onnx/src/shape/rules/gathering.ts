import { type Dim, staticDims } from '../dim.js';
import type { Element } from '../elements.js';
import type { OutputFacts } from '../facts.js';
import { inserted, normalAxis, type OperatorCall, withDim } from '../operatorCall.js';
import type { ShapeRules } from '../shapeRule.js';
import { nonNegative, unknownDims } from './constants.js';
import { like } from './elementwise.js';

/** Operators that pick elements by index, or write elements at indices. */
export const gatheringRules: ShapeRules = {
  Gather: gatherRule,
  GatherElements: (call) => [{ type: call.type(0), shape: call.shape(1) }],
  GatherND: gatherNdRule,
  Scatter: (call) => [like(call, 0)],
  ScatterElements: (call) => [like(call, 0)],
  ScatterND: (call) => [{ ...like(call, 0), content: scatteredContent(call) }],
  TensorScatter: (call) => [like(call, 0)],
  OneHot: oneHotRule,
  TopK: topKRule,
  NonZero: nonZeroRule,
  Compress: compressRule,
  Unique: uniqueRule,
  'com.microsoft.Unique': uniqueRule,
  Trilu: triluRule,
  'com.microsoft.Trilu': triluRule,
  NonMaxSuppression: () => [{ type: 'INT64', shape: [undefined, 3] }],
  'com.microsoft.GatherBlockQuantized': (call) => [
    { type: call.type(2), shape: gatheredShape(call.shape(0), call.shape(1), call.node.int('gather_axis', 0)) },
  ],
};

function gatherRule(call: OperatorCall): OutputFacts[] {
  const shape = gatheredShape(call.shape(0), call.shape(1), call.node.int('axis', 0));
  return [{ type: call.type(0), shape, content: gatheredContent(call, shape) }];
}

/** Data with updates in place of some slices; undefined where two go to one place, whose order no runtime promises, or are added up. */
function scatteredContent(call: OperatorCall): Element[] | undefined {
  const [content, updates, tuples] = [call.content(0), call.content(2), call.numbers(1)];
  const [dims, depth] = [staticDims(call.shape(0)), call.shape(1)?.at(-1)];
  const none = call.node.string('reduction', 'none') === 'none';
  if (!none || !content || !updates || !tuples || !dims || typeof depth !== 'number' || depth < 1) return undefined;
  const inner = dims.slice(depth).reduce((product, dim) => product * dim, 1);
  const result = [...content];
  const written = new Set<number>();
  for (let at = 0; at < tuples.length / depth; at++) {
    const places = tuples
      .slice(at * depth, (at + 1) * depth)
      .map((index, axis) => (index < 0 ? index + dims[axis] : index));
    if (places.some((place, axis) => !(place >= 0 && place < dims[axis]))) return undefined;
    const row = places.reduce((offset, place, axis) => offset * dims[axis] + place, 0);
    if (written.has(row)) return undefined;
    written.add(row);
    for (let i = 0; i < inner; i++) result[row * inner + i] = updates[at * inner + i];
  }
  return result;
}

function gatheredShape(
  data: readonly Dim[] | undefined,
  indices: readonly Dim[] | undefined,
  axis: number,
): readonly Dim[] | undefined {
  return data && indices && data.toSpliced(normalAxis(axis, data.length), 1, ...indices);
}

function gatheredContent(call: OperatorCall, shape: readonly Dim[] | undefined): Element[] | undefined {
  const content = call.content(0);
  const data = staticDims(call.shape(0));
  const indices = call.numbers(1);
  if (!content || !data || !indices || !call.followed(shape)) return undefined;
  const axis = call.axis(data.length, 0);
  const outer = data.slice(0, axis).reduce((product, dim) => product * dim, 1);
  const inner = data.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const rows = indices.map((index) => (index < 0 ? index + data[axis] : index));
  if (rows.some((row) => !(row >= 0 && row < data[axis]))) return undefined;
  const result: Element[] = [];
  for (let block = 0; block < outer; block++) {
    for (const row of rows) {
      const start = (block * data[axis] + row) * inner;
      for (let i = 0; i < inner; i++) result.push(content[start + i]);
    }
  }
  return result;
}

/** indices[..., d] picks slices of data: batch dimensions, the rest of indices, then what d leaves of data. */
function gatherNdRule(call: OperatorCall): OutputFacts[] {
  const type = call.type(0);
  const data = call.shape(0);
  const indices = call.shape(1);
  const depth = indices?.at(-1);
  if (!data || !indices || typeof depth !== 'number') return [{ type }];
  const batch = call.node.int('batch_dims', 0);
  return [{ type, shape: [...indices.slice(0, -1), ...data.slice(batch + depth)] }];
}

function oneHotRule(call: OperatorCall): OutputFacts[] {
  const shape = call.shape(0);
  const depth = nonNegative(call.content(1)?.[0]);
  const type = call.type(2);
  return [{ type, shape: shape && inserted(shape, call.axis(shape.length + 1, -1), depth) }];
}

function topKRule(call: OperatorCall): OutputFacts[] {
  const shape = call.shape(0);
  const count = call.node.int('k') ?? nonNegative(call.content(1)?.[0]);
  const output = shape && withDim(shape, call.axis(shape.length, -1), count);
  return [
    { type: call.type(0), shape: output },
    { type: 'INT64', shape: output },
  ];
}

/** A column of coordinates per element that is not zero. Runtimes take a scalar for a list of one. */
function nonZeroRule(call: OperatorCall): OutputFacts[] {
  const rank = call.shape(0)?.length;
  return [{ type: 'INT64', shape: [rank === 0 ? 1 : rank, undefined] }];
}

function compressRule(call: OperatorCall): OutputFacts[] {
  return [{ type: call.type(0), shape: filteredShape(call) }];
}

/** The input with an unknown number of slices left along `axis`; without an axis, a list of elements. */
function filteredShape(call: OperatorCall): (Dim | undefined)[] | undefined {
  const shape = call.shape(0);
  if (!call.node.attributes.has('axis')) return [undefined];
  return shape?.map((dim, axis) => (axis === call.axis(shape.length, 0) ? undefined : dim));
}

function uniqueRule(call: OperatorCall): OutputFacts[] {
  const values = filteredShape(call);
  const positions = { type: 'INT64', shape: unknownDims(1) } as const;
  return [{ type: call.type(0), shape: values }, positions, positions, positions];
}

function triluRule(call: OperatorCall): OutputFacts[] {
  const { type, shape, content } = call.input(0);
  const dims = staticDims(shape);
  const diagonal = call.has(1) ? call.numbers(1)?.[0] : 0;
  if (!content || !dims || diagonal === undefined) return [{ type, shape }];
  const [rows, columns] = dims.slice(-2);
  const upper = call.node.int('upper', 1) !== 0;
  const kept = content.map((item, i) => {
    const distance = (i % columns) - (Math.floor(i / columns) % rows) - diagonal;
    return (upper ? distance >= 0 : distance <= 0) ? item : 0;
  });
  return [{ type, shape, content: kept }];
}

import { type Dim, mulDims } from '../dim.js';
import { floorDivDims } from '../dimFunctions.js';
import type { OutputFacts } from '../facts.js';
import { normalAxis, type OperatorCall } from '../operatorCall.js';
import type { ShapeRules } from '../shapeRule.js';
import { nonNegative } from './constants.js';

/** Interpolation. Resize-10 has its scales as input 1; from 11 on the inputs are region, scales and sizes. */
export const resizeRules: ShapeRules = { Resize: resizeRule, Upsample: resizeRule };

function resizeRule(call: OperatorCall): OutputFacts[] {
  const { type, shape } = call.input(0);
  if (!shape) return [{ type }];
  const modern = call.node.inputs.length > 2;
  const axes = call.node.ints('axes')?.map((axis) => normalAxis(axis, shape.length)) ?? shape.map((_, axis) => axis);
  const policy = call.node.string('keep_aspect_ratio_policy', 'stretch');
  const scales = call.node.attributes.get('scales');
  const factors = scales?.type === 'FLOATS' ? scales.value : call.numbers(modern ? 2 : 1);
  const output: (Dim | undefined)[] = [...shape];
  for (const [i, axis] of axes.entries()) {
    if (factors?.length) output[axis] = scaled(shape[axis], factors[i]);
    else output[axis] = policy === 'stretch' ? nonNegative(call.content(3)?.[i]) : undefined;
  }
  if (!factors?.length && policy !== 'stretch') return [{ type, shape: keptRatio(call, shape, axes, policy!) }];
  return [{ type, shape: output }];
}

/** floor(size * scale), for symbolic sizes where the scale is whole or its inverse a power of two, so that rounding changes nothing. */
function scaled(size: Dim, scale: number | undefined): Dim | undefined {
  if (scale === undefined || !(scale > 0)) return undefined;
  if (typeof size === 'number') return Math.floor(Math.fround(size * Math.fround(scale)));
  if (Number.isInteger(scale)) return mulDims(size, scale);
  return Number.isInteger(Math.log2(scale)) ? floorDivDims(size, 1 / scale) : undefined;
}

/** One scale for all axes: the smallest (`not_larger`) or the largest that the sizes ask for. */
function keptRatio(
  call: OperatorCall,
  shape: readonly Dim[],
  axes: readonly number[],
  policy: string,
): readonly (Dim | undefined)[] {
  const sizes = call.numbers(3);
  const own = axes.map((axis) => shape[axis]);
  // Runtimes do not see to the ratio where axes are counted from the end.
  const backwards = call.node.ints('axes')?.some((axis) => axis < 0);
  if (!sizes || backwards || !own.every((dim) => typeof dim === 'number')) {
    return shape.map((dim, axis) => (axes.includes(axis) ? undefined : dim));
  }
  const ratios = sizes.map((size, i) => size / (own[i] as number));
  const scale = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return shape.map((dim, axis) => (axes.includes(axis) ? Math.round(scale * (dim as number)) : dim));
}

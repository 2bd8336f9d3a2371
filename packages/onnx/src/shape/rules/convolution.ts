import type { DataType } from '../../tensor/dataType.js';
import { addDims, type Dim, divideDims, mulDims, productOf, subDims } from '../dim.js';
import { ceilDivDims, floorDivDims, minDims } from '../dimFunctions.js';
import type { OutputFacts } from '../facts.js';
import type { OperatorCall } from '../operatorCall.js';
import type { ShapeRule, ShapeRules } from '../shapeRule.js';
import { like } from './elementwise.js';

/** Convolutions, pooling, and what moves elements between channels and space. Layout: [batch, channels, ...space]. */
export const convolutionRules: ShapeRules = {
  Conv: convolutionRule(0, 1),
  ConvInteger: convolutionRule(0, 1, 'INT32'),
  QLinearConv: (call) => [{ type: call.type(7), shape: convolvedShape(call, call.shape(0), call.shape(3)) }],
  DeformConv: convolutionRule(0, 1),
  ConvTranspose: transposedRule,
  'com.microsoft.FusedConv': convolutionRule(0, 1),
  AveragePool: poolRule,
  MaxPool: poolRule,
  LpPool: poolRule,
  GlobalAveragePool: globalPoolRule,
  GlobalMaxPool: globalPoolRule,
  GlobalLpPool: globalPoolRule,
  'com.microsoft.QLinearGlobalAveragePool': globalPoolRule,
  'com.microsoft.QLinearAveragePool': poolRule,
  MaxUnpool: (call) => [{ type: call.type(0), shape: call.numbers(2) ?? unpooledShape(call) }],
  MaxRoiPool: (call) => [
    { type: call.type(0), shape: [call.dim(1, 0), call.dim(0, 1), ...(call.node.ints('pooled_shape') ?? [])] },
  ],
  RoiAlign: (call) => [
    {
      type: call.type(0),
      shape: [call.dim(1, 0), call.dim(0, 1), call.node.int('output_height', 1), call.node.int('output_width', 1)],
    },
  ],
  DepthToSpace: depthToSpaceRule,
  SpaceToDepth: spaceToDepthRule,
  Col2Im: col2ImRule,
  GridSample: (call) => [
    {
      type: call.type(0),
      shape: [call.dim(0, 0), call.dim(0, 1), ...(call.shape(1)?.slice(1, -1) ?? [undefined, undefined])],
    },
  ],
  AffineGrid: (call) => {
    const size = call.numbers(1);
    return [{ type: call.type(0), shape: size && [size[0], ...size.slice(2), size.length - 2] }];
  },
};

interface Window {
  kernel: readonly Dim[];
  strides: readonly number[];
  dilations: readonly number[];
  /** All begins, then all ends. */
  pads: readonly number[];
  autoPad: string;
}

function windowOf(call: OperatorCall, kernel: readonly Dim[]): Window {
  const ones = kernel.map(() => 1);
  return {
    kernel: call.node.ints('kernel_shape') ?? kernel,
    strides: call.node.ints('strides') ?? ones,
    dilations: call.node.ints('dilations') ?? ones,
    pads: call.node.ints('pads') ?? [...kernel, ...kernel].map(() => 0),
    autoPad: call.node.string('auto_pad', 'NOTSET')!,
  };
}

/** Positions a window takes along spatial axis `axis` of `size`, before `ceil_mode`: (size + pads - window) and stride. */
function slack(window: Window, axis: number, size: Dim): Dim {
  const reach = addDims(mulDims(window.dilations[axis], subDims(window.kernel[axis], 1)), 1);
  const pads = window.autoPad === 'NOTSET' ? window.pads[axis] + window.pads[axis + window.kernel.length] : 0;
  return subDims(addDims(size, pads), reach);
}

function windowedSize(window: Window, axis: number, size: Dim): Dim {
  if (window.autoPad.startsWith('SAME')) return ceilDivDims(size, window.strides[axis]);
  return addDims(floorDivDims(slack(window, axis, size), window.strides[axis]), 1);
}

function convolutionRule(data: number, weight: number, type?: DataType): ShapeRule {
  return (call) => [
    { type: type ?? call.type(data), shape: convolvedShape(call, call.shape(data), call.shape(weight)) },
  ];
}

function convolvedShape(
  call: OperatorCall,
  data: readonly Dim[] | undefined,
  weight: readonly Dim[] | undefined,
): Dim[] | undefined {
  if (!data || !weight) return undefined;
  const window = windowOf(call, weight.slice(2));
  return [data[0], weight[0], ...data.slice(2).map((size, axis) => windowedSize(window, axis, size))];
}

function transposedRule(call: OperatorCall): OutputFacts[] {
  const [data, weight] = [call.shape(0), call.shape(1)];
  if (!data || !weight) return [{ type: call.type(0) }];
  const window = windowOf(call, weight.slice(2));
  const stated = call.node.ints('output_shape')?.slice(-window.kernel.length);
  const extra = call.node.ints('output_padding');
  const space = data.slice(2).map((size, axis) => {
    if (stated) return stated[axis];
    const stride = window.strides[axis];
    if (window.autoPad.startsWith('SAME')) return coversStride(window, axis) ? mulDims(size, stride) : undefined;
    // The inverse of the convolution: stride * (size - 1) + window - pads + output_padding.
    const inverse = subDims(mulDims(stride, subDims(size, 1)), slack(window, axis, 0));
    return addDims(inverse, extra?.[axis] ?? 0);
  });
  return [{ type: call.type(0), shape: [data[0], mulDims(weight[1], call.node.int('group', 1)), ...space] }];
}

/** Whether windows leave no gap. Where they do, runtimes do not agree with the specification on the size. */
function coversStride(window: Window, axis: number): boolean {
  const kernel = window.kernel[axis];
  return typeof kernel === 'number' && window.dilations[axis] * (kernel - 1) + 1 >= window.strides[axis];
}

function poolRule(call: OperatorCall): OutputFacts[] {
  const { type, shape } = call.input(0);
  const kernel = call.node.ints('kernel_shape');
  if (!shape || !kernel) return [{ type }, { type: 'INT64' }];
  const window = windowOf(call, kernel);
  const ceil = call.node.int('ceil_mode', 0) !== 0 && !window.autoPad.startsWith('SAME');
  const space = shape
    .slice(2)
    .map((size, axis) => (ceil ? ceiledSize(window, axis, size) : windowedSize(window, axis, size)));
  const output = [...shape.slice(0, 2), ...space];
  return [
    { type, shape: output },
    { type: 'INT64', shape: output },
  ];
}

/** Rounded up, but no window starts in the padding at the end. */
function ceiledSize(window: Window, axis: number, size: Dim): Dim {
  const stride = window.strides[axis];
  const before = window.autoPad === 'NOTSET' ? window.pads[axis] : 0;
  return minDims(
    addDims(ceilDivDims(slack(window, axis, size), stride), 1),
    ceilDivDims(addDims(size, before), stride),
  );
}

function globalPoolRule(call: OperatorCall): OutputFacts[] {
  return [{ type: call.type(0), shape: call.shape(0)?.map((dim, axis) => (axis < 2 ? dim : 1)) }];
}

function depthToSpaceRule(call: OperatorCall): OutputFacts[] {
  const shape = call.shape(0);
  if (shape?.length !== 4) return [like(call, 0)];
  const block = call.node.int('blocksize', 1);
  const [batch, channels, height, width] = shape;
  return [
    {
      type: call.type(0),
      shape: [batch, divideDims(channels, block * block), mulDims(height, block), mulDims(width, block)],
    },
  ];
}

function spaceToDepthRule(call: OperatorCall): OutputFacts[] {
  const shape = call.shape(0);
  if (shape?.length !== 4) return [like(call, 0)];
  const block = call.node.int('blocksize', 1);
  const [batch, channels, height, width] = shape;
  return [
    {
      type: call.type(0),
      shape: [batch, mulDims(channels, block * block), floorDivDims(height, block), floorDivDims(width, block)],
    },
  ];
}

function col2ImRule(call: OperatorCall): OutputFacts[] {
  const image = call.numbers(1);
  const block = call.numbers(2);
  const columns = call.dim(0, 1);
  const channels = block && columns !== undefined ? divideDims(columns, productOf(block)) : undefined;
  return [{ type: call.type(0), shape: image && [call.dim(0, 0), channels, ...image] }];
}

/** Without stated sizes: batch and channels only. */
function unpooledShape(call: OperatorCall): (Dim | undefined)[] | undefined {
  return call.shape(0)?.map((dim, axis) => (axis < 2 ? dim : undefined));
}

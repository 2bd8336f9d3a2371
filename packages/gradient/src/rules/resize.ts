import { Tensor } from '@snp/onnx';
import type { GradientRule } from './rule.js';

/**
 * A resize is a product with one matrix per axis, whatever its mode. The operator itself tells the matrix: it is what becomes of the unit matrix.
 */
const resize: GradientRule = (call) => {
  const { writer, node } = call;
  const x = call.input(0);
  const [input, output] = [call.shape(x), call.shape(call.output())];
  const rank = input.length;
  if (node.string('coordinate_transformation_mode') === 'tf_crop_and_resize') call.refuse('it crops');
  const scales = node.inputs[2] ? statedScales(node.inputs[2].tensor) : undefined;
  const named = node.ints('axes')?.map((axis) => call.axis(axis, rank)) ?? [...Array(rank).keys()];
  const attributes = Object.fromEntries([...node.attributes].filter(([name]) => name !== 'axes'));
  let gradient = call.gradient();
  for (const axis of named) {
    const [from, to] = [input[axis], output[axis]];
    const scale = scales?.[named.indexOf(axis)];
    if (from === to && (scale === undefined || scale === 1)) continue;
    if (typeof from !== 'number' || typeof to !== 'number') call.refuse('an axis that it resizes has a free size');
    const size = from as number;
    const type = call.type(x);
    const unit = Float64Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : 0));
    const rows = writer.constant(Tensor.fromNumbers(type, [1, 1, size, size], unit));
    const region = writer.constant(Tensor.float32([0], []));
    const target =
      scale === undefined
        ? [undefined, writer.ints([1, 1, to as number, size])]
        : [writer.constant(Tensor.float32([4], [1, 1, scale, 1]))];
    const resized = writer.op('Resize', [rows, region, ...target], attributes);
    const matrix = writer.reshape(resized, [to as number, size]);
    gradient = writer.matmulAlong(gradient, matrix, { axis, rank });
  }
  call.give(0, gradient);
};

function statedScales(tensor: Tensor | undefined): number[] | undefined {
  return tensor && tensor.size > 0 ? [...tensor.numbers()] : undefined;
}

export const RESIZE_RULES: Readonly<Record<string, GradientRule>> = { Resize: resize };

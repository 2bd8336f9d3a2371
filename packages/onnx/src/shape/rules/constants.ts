import type { Message } from '../../codec/message.js';
import { tensorFromSparse } from '../../codec/sparseTensorProto.js';
import type { Node } from '../../ir/node.js';
import { type DataType, dataTypeOf, isFloatType } from '../../tensor/dataType.js';
import { Tensor } from '../../tensor/tensor.js';
import { type Dim, productOf, subDims } from '../dim.js';
import { boundsOf, ceilDivDims, maxDims } from '../dimFunctions.js';
import { type Element, storedAs } from '../elements.js';
import type { OutputFacts } from '../facts.js';
import type { OperatorCall } from '../operatorCall.js';
import type { ShapeRules } from '../shapeRule.js';
import { tensorContent } from '../tensorContent.js';

/** Operators that make tensors out of shapes and numbers. */
export const constantRules: ShapeRules = {
  Constant: constantRule,
  ConstantOfShape: constantOfShapeRule,
  Range: rangeRule,
  EyeLike: (call) => [{ type: attributeType(call, 'dtype') ?? call.type(0), shape: call.shape(0) }],
  RandomNormal: randomRule,
  RandomUniform: randomRule,
  RandomNormalLike: randomLikeRule,
  RandomUniformLike: randomLikeRule,
  Bernoulli: randomLikeRule,
  Multinomial: (call) => [
    { type: attributeType(call, 'dtype') ?? 'INT32', shape: [call.dim(0, 0), call.node.int('sample_size', 1)] },
  ],
  HannWindow: windowRule,
  HammingWindow: windowRule,
  BlackmanWindow: windowRule,
};

/** The element type an integer attribute names. */
export function attributeType(call: OperatorCall, name: string): DataType | undefined {
  const code = call.node.int(name);
  return code === undefined ? undefined : dataTypeOf(code);
}

/** The tensor a Constant node stands for, a sparse one spread out; undefined for strings. */
export function constantTensor(node: Node): Tensor | undefined {
  const tensor = node.tensor('value');
  if (tensor) return tensor;
  for (const [name, attribute] of node.attributes) {
    if (name === 'sparse_value' && attribute.type === 'OTHER')
      return sparseValue(attribute.proto as Message | undefined);
    if (name === 'value_float' && attribute.type === 'FLOAT') return Tensor.float32([], [attribute.value]);
    if (name === 'value_int' && attribute.type === 'INT') return Tensor.int64([], [attribute.value]);
    if (name === 'value_floats' && attribute.type === 'FLOATS') {
      return Tensor.float32([attribute.value.length], attribute.value);
    }
    if (name === 'value_ints' && attribute.type === 'INTS') {
      return Tensor.int64([attribute.value.length], attribute.value);
    }
  }
  return undefined;
}

function sparseValue(attribute: Message | undefined): Tensor | undefined {
  const sparse = attribute?.sparseTensor as Message | undefined;
  return sparse && tensorFromSparse(sparse);
}

function constantRule(call: OperatorCall): OutputFacts[] {
  const tensor = constantTensor(call.node);
  if (!tensor) return [{}];
  return [{ type: tensor.dataType, shape: tensor.dims, content: tensorContent(tensor, call.run.contentLimit) }];
}

function constantOfShapeRule(call: OperatorCall): OutputFacts[] {
  const value = call.node.tensor('value');
  const type = value?.dataType ?? 'FLOAT';
  const shape = call.content(0)?.map(nonNegative) ?? unknownDims(call.dim(0, 0));
  const dims = call.followed(shape);
  const element = value ? tensorContent(value, 1)?.[0] : 0;
  const size = dims?.reduce((product, dim) => product * dim, 1);
  return [{ type, shape, content: size === undefined ? undefined : new Array<Element>(size).fill(element) }];
}

/** An element used as a size. */
export function nonNegative(element: Element): Dim | undefined {
  return element !== undefined && boundsOf(element)[0] >= 0 ? element : undefined;
}

/** No tensor of a valid model has more dimensions. */
const HIGHEST_RANK = 64;

/** `rank` unknown dimensions; unranked if the rank is not a number either. */
export function unknownDims(rank: Dim | undefined): undefined[] | undefined {
  return typeof rank === 'number' && rank <= HIGHEST_RANK ? new Array<undefined>(rank).fill(undefined) : undefined;
}

function rangeRule(call: OperatorCall): OutputFacts[] {
  const type = call.type(0);
  const [start, limit, delta] = [0, 1, 2].map((index) => call.content(index)?.[0]);
  const length = rangeLength(start, limit, delta);
  const dims = call.followed([length]);
  const whole = typeof start === 'number' && typeof delta === 'number' && !isFloatType(type);
  const content =
    dims && whole ? Array.from({ length: dims[0] }, (_, i) => storedAs(start + i * delta, type)) : undefined;
  return [{ type, shape: [length], content }];
}

/** max(ceil((limit - start) / delta), 0); runtimes compute it in double precision for all types. */
function rangeLength(start: Element, limit: Element, delta: Element): Dim | undefined {
  if (start === undefined || limit === undefined || delta === undefined || delta === 0) return undefined;
  if (typeof start === 'number' && typeof limit === 'number' && typeof delta === 'number') {
    return Math.max(Math.ceil((limit - start) / delta), 0);
  }
  if (![start, limit, delta].every((item) => typeof item !== 'number' || Number.isInteger(item))) return undefined;
  return maxDims(ceilDivDims(subDims(limit, start), delta), 0);
}

function randomRule(call: OperatorCall): OutputFacts[] {
  return [{ type: attributeType(call, 'dtype') ?? 'FLOAT', shape: call.node.ints('shape') }];
}

function randomLikeRule(call: OperatorCall): OutputFacts[] {
  return [{ type: attributeType(call, 'dtype') ?? call.type(0), shape: call.shape(0) }];
}

function windowRule(call: OperatorCall): OutputFacts[] {
  return [{ type: attributeType(call, 'output_datatype') ?? 'FLOAT', shape: [nonNegative(call.content(0)?.[0])] }];
}

/** Number of elements of an input, if its shape is known. */
export function sizeOf(call: OperatorCall, index: number): Dim | undefined {
  const shape = call.shape(index);
  return shape && productOf(shape);
}

import { dataTypeOf } from '../../tensor/dataType.js';
import { broadcastShapes } from '../broadcast.js';
import { staticDims } from '../dim.js';
import {
  binaryElement,
  castElement,
  type Element,
  FOLLOWED_BINARY,
  FOLLOWED_UNARY,
  unaryElement,
} from '../elements.js';
import type { OutputFacts } from '../facts.js';
import type { OperatorCall } from '../operatorCall.js';
import { broadcastPositions } from '../positions.js';
import type { ShapeRule, ShapeRules } from '../shapeRule.js';

/** Operators whose output has the type and shape of their first input. */
const LIKE_FIRST_INPUT =
  `Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Cos Cosh CumProd CumSum Elu Erf Exp Floor Gelu
  HardSigmoid HardSwish Hardmax Identity LRN LeakyRelu Log LogSoftmax LpNormalization MeanVarianceNormalization Mish Neg
  Not Reciprocal Relu ReverseSequence Round Scaler Selu Shrink Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt
  Swish Tan Tanh ThresholdedRelu Inverse com.microsoft.BiasAdd com.microsoft.BiasGelu com.microsoft.BiasSoftmax
  com.microsoft.FastGelu com.microsoft.Gelu com.microsoft.Inverse com.microsoft.MoE com.microsoft.NGramRepeatBlock
  com.microsoft.QMoE com.microsoft.QuickGelu com.microsoft.QLinearLeakyRelu com.microsoft.QLinearSigmoid
  com.microsoft.QLinearSoftmax`.split(/\s+/);

const BINARY = `Add BitShift BitwiseAnd BitwiseOr BitwiseXor Div Max Mean Min Mod Mul PRelu Pow Sub Sum`.split(/\s+/);

const BOOLEAN_BINARY = 'And Equal Greater GreaterOrEqual Less LessOrEqual Or Xor'.split(' ');

/** Elementwise operators: outputs as the inputs broadcast together, contents followed where arithmetic is exact. */
export const elementwiseRules: ShapeRules = {
  ...Object.fromEntries(LIKE_FIRST_INPUT.map((op) => [op, unaryRule])),
  ...Object.fromEntries(BINARY.map((op) => [op, variadicRule(false)])),
  ...Object.fromEntries(BOOLEAN_BINARY.map((op) => [op, variadicRule(true)])),
  Clip: clipRule,
  IsNaN: testRule,
  IsInf: testRule,
  Where: whereRule,
  Cast: (call) => castRule(call, 'to'),
  CastLike: (call) => castRule(call, 'like'),
  BitCast: (call) => [{ type: dataTypeOf(call.node.int('to', 0)), shape: call.shape(0) }],
  Dropout: dropoutRule,
  'com.microsoft.BitmaskDropout': (call) => [like(call, 0)],
  'com.microsoft.BiasDropout': dropoutRule,
  'com.microsoft.QLinearAdd': quantizedBinaryRule,
  'com.microsoft.QLinearMul': quantizedBinaryRule,
};

/** Type and shape of input `index`. */
export function like(call: OperatorCall, index: number): OutputFacts {
  return { type: call.type(index), shape: call.shape(index) };
}

function unaryRule(call: OperatorCall): OutputFacts[] {
  const { type, shape, content } = call.input(0);
  if (!content || !FOLLOWED_UNARY.has(call.node.op)) return [{ type, shape }];
  return [{ type, shape, content: content.map((item) => unaryElement(call.node.op, type, item)) }];
}

/** The larger one of each element and the lower bound, then the smaller one of that and the upper bound. */
function clipRule(call: OperatorCall): OutputFacts[] {
  const { type, shape, content } = call.input(0);
  const bound = (index: number, name: string): Element | 'none' => {
    if (call.node.inputs[index]) return call.content(index)?.[0];
    return call.node.float(name) ?? 'none';
  };
  const [low, high] = [bound(1, 'min'), bound(2, 'max')];
  // Runtimes differ in what they give where the bounds cross.
  const ordered =
    low === 'none' || high === 'none' || (typeof low === 'number' && typeof high === 'number' && low <= high);
  if (!content || !ordered) return [{ type, shape }];
  const clipped = content.map((item) => {
    const raised = low === 'none' ? item : binaryElement('Max', type, item, low);
    return high === 'none' ? raised : binaryElement('Min', type, raised, high);
  });
  return [{ type, shape, content: clipped }];
}

function variadicRule(boolean: boolean): ShapeRule {
  return (call) => {
    const inputs = call.node.inputs.map((_, index) => call.input(index));
    const shape = broadcastShapes(inputs.map((input) => input.shape));
    const type = boolean ? 'BOOL' : call.type(0);
    return [{ type, shape, content: variadicContent(call, staticDims(shape)) }];
  };
}

function variadicContent(call: OperatorCall, dims: number[] | undefined): Element[] | undefined {
  const { op } = call.node;
  if (!dims || !call.followed(dims) || !FOLLOWED_BINARY.has(op) || call.node.int('fmod', 0) !== 0) return undefined;
  const operands = call.node.inputs.map((_, index) => broadcastContent(call, index, dims));
  if (operands.some((operand) => operand === undefined)) return undefined;
  const [first, ...rest] = operands as Element[][];
  const type = call.type(0);
  return rest.reduce((sum, operand) => sum.map((item, i) => binaryElement(op, type, item, operand[i])), first);
}

function broadcastContent(call: OperatorCall, index: number, dims: readonly number[]): Element[] | undefined {
  const content = call.content(index);
  const from = staticDims(call.shape(index));
  if (!content || !from) return undefined;
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (content.length === 1) return new Array<Element>(size).fill(content[0]);
  if (content.length === size) return [...content];
  return Array.from(broadcastPositions(from, dims), (position) => content[position]);
}

function testRule(call: OperatorCall): OutputFacts[] {
  return [{ type: 'BOOL', shape: call.shape(0) }];
}

function whereRule(call: OperatorCall): OutputFacts[] {
  const shape = broadcastShapes([call.shape(0), call.shape(1), call.shape(2)]);
  return [{ type: call.type(1) ?? call.type(2), shape, content: whereContent(call, staticDims(shape)) }];
}

function whereContent(call: OperatorCall, dims: number[] | undefined): Element[] | undefined {
  if (!dims || !call.followed(dims)) return undefined;
  const [condition, yes, no] = [0, 1, 2].map((index) => broadcastContent(call, index, dims));
  if (!condition || !yes || !no) return undefined;
  const chosen = condition.map((test, i) => (test === 1 ? yes[i] : test === 0 ? no[i] : undefined));
  // Runtimes may lose the sign of a zero.
  return chosen.map((item) => (Object.is(item, -0) ? undefined : item));
}

function castRule(call: OperatorCall, target: 'to' | 'like'): OutputFacts[] {
  const from = call.type(0);
  const type = target === 'to' ? dataTypeOf(call.node.int('to', 0)) : call.type(1);
  return [{ type, shape: call.shape(0), content: call.content(0)?.map((item) => castElement(item, from, type)) }];
}

function dropoutRule(call: OperatorCall): OutputFacts[] {
  return [like(call, 0), { type: 'BOOL', shape: call.shape(0) }];
}

/** QLinearAdd and QLinearMul: A, its scale and zero point, then B. */
function quantizedBinaryRule(call: OperatorCall): OutputFacts[] {
  return [{ type: call.type(0), shape: broadcastShapes([call.shape(0), call.shape(3)]) }];
}

import type { Message } from '../codec/message.js';

/**
 * Operators of which a node that was valid before means something else, or is not valid any more, from these versions of
 * the default operator set on. Versions that only add types, inputs or attributes are not in here.
 */
const CHANGED: Readonly<Record<string, readonly number[]>> = {
  AveragePool: [19],
  BatchNormalization: [9, 14, 15],
  Clip: [11],
  DFT: [20],
  Dropout: [10, 12],
  Gather: [11],
  GroupNormalization: [21],
  Hardmax: [13],
  LogSoftmax: [13],
  Loop: [11, 13],
  MaxPool: [8],
  OneHot: [11],
  Pad: [11, 18],
  ReduceL1: [18],
  ReduceL2: [18],
  ReduceLogSum: [18],
  ReduceLogSumExp: [18],
  ReduceMax: [18],
  ReduceMean: [18],
  ReduceMin: [18],
  ReduceProd: [18],
  ReduceSum: [13],
  ReduceSumSquare: [18],
  Resize: [11, 13, 18],
  Scan: [9],
  Scatter: [11],
  Slice: [10],
  Softmax: [13],
  Split: [13, 18],
  Squeeze: [13],
  TopK: [10, 11],
  Unsqueeze: [13],
  Upsample: [9, 10],
};

/** Operators by the version that brought them, where that is later than 7. */
const INTRODUCED: Readonly<Record<number, string>> = {
  8: 'Expand Scan',
  9: 'Acosh Asinh Atanh BatchNormalization Compress ConstantOfShape Cosh Erf EyeLike IsNaN MaxUnpool MeanVarianceNormalization NonZero OneHot Scatter Shrink Sign Sinh TfIdfVectorizer Upsample Where',
  10: 'ConvInteger DequantizeLinear IsInf MatMulInteger Mod NonMaxSuppression QLinearConv QLinearMatMul QuantizeLinear Resize ReverseSequence RoiAlign StringNormalizer ThresholdedRelu',
  11: 'BitShift ConcatFromSequence CumSum DepthToSpace Det DynamicQuantizeLinear GatherElements GatherND Range Round ScatterElements ScatterND SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength SplitToSequence Unique',
  12: 'Celu Einsum GreaterOrEqual LessOrEqual',
  14: 'HardSwish Trilu',
  15: 'Bernoulli CastLike Optional OptionalGetElement OptionalHasElement',
  16: 'GridSample',
  17: 'BlackmanWindow DFT HammingWindow HannWindow LayerNormalization MelWeightMatrix STFT SequenceMap',
  18: 'BitwiseAnd BitwiseNot BitwiseOr BitwiseXor CenterCropPad Col2Im GroupNormalization Mish',
  19: 'DeformConv',
  20: 'AffineGrid Gelu ImageDecoder RegexFullMatch StringConcat StringSplit',
  23: 'Attention RMSNormalization RotaryEmbedding',
  24: 'Swish TensorScatter',
  26: 'BitCast CumProd',
};

const CHANGES = new Map(Object.entries(CHANGED).map(([op, versions]) => [op, [...versions]]));
for (const [version, operators] of Object.entries(INTRODUCED)) {
  for (const op of operators.split(' ')) CHANGES.set(op, [...(CHANGES.get(op) ?? []), Number(version)]);
}

/** The first operator in a function's body that means something else in default operator set `to` than in `from`, or is in only one of them. */
export function changedOperator(definition: Message, from: number, to: number): string | undefined {
  const [low, high] = [Math.min(from, to), Math.max(from, to)];
  const changed = (version: number) => version > low && version <= high;
  return operatorsWithin(definition.node).find((op) => CHANGES.get(op)?.some(changed));
}

function operatorsWithin(nodes: Message[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => [
    ...((node.domain ?? '') === '' || node.domain === 'ai.onnx' ? [node.opType as string] : []),
    ...((node.attribute ?? []) as Message[]).flatMap((attribute) =>
      [attribute.g, ...(attribute.graphs ?? [])].flatMap((graph) => operatorsWithin(graph?.node)),
    ),
  ]);
}

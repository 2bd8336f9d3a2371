import { isFloatType, type Node } from '@snp/onnx';

/** How a model computes with quantised numbers. */
export type QuantisedForm =
  /** QuantizeLinear and DequantizeLinear around float operators. */
  | 'QDQ'
  /** Activations quantised while the model runs. */
  | 'dynamic'
  /** Operators that take and give integers. */
  | 'QOperator'
  /** Weights of few bits beside float activations. */
  | 'weight-only';

const FORMS: readonly (readonly [QuantisedForm, RegExp])[] = [
  ['dynamic', /^(Dynamic\w*Quantize\w*|\w+Integer\w*)$/],
  ['weight-only', /^(MatMul(NBits|Bnb4|FpQ4)|\w*BlockQuantized|QMoE)$/],
  ['QOperator', /^Q[A-Z]\w*$/],
  ['QDQ', /^(Quantize|Dequantize)(Linear|BFP)$/],
];

/** Of ONNX, and of onnxruntime with its layouts. */
const DOMAINS = /^(|ai\.onnx|com\.microsoft|com\.ms\..*)$/;

/** The form of quantisation that a node is part of, of operators of ONNX and onnxruntime; undefined for float ones. */
export function quantisedForm(node: Node): QuantisedForm | undefined {
  if (!DOMAINS.test(node.domain)) return undefined;
  const type = node.inputs[0]?.tensor?.dataType ?? node.inputs[0]?.type?.elementType;
  // Half-precision weights are behind the same operator.
  if (node.opType === 'DequantizeLinear' && type && isFloatType(type)) return undefined;
  return FORMS.find(([, names]) => names.test(node.opType))?.[0];
}

import type { OutputFacts } from '../facts.js';
import type { OperatorCall } from '../operatorCall.js';
import type { ShapeRules } from '../shapeRule.js';
import { attributeType } from './constants.js';

/** Conversions between floating point and quantised integers. */
export const quantizationRules: ShapeRules = {
  QuantizeLinear: quantizeRule,
  DequantizeLinear: dequantizeRule,
  DynamicQuantizeLinear: (call) => [
    { type: 'UINT8', shape: call.shape(0) },
    { type: 'FLOAT', shape: [] },
    { type: 'UINT8', shape: [] },
  ],
  'com.microsoft.QuantizeLinear': quantizeRule,
  'com.microsoft.DequantizeLinear': dequantizeRule,
};

function quantizeRule(call: OperatorCall): OutputFacts[] {
  return [{ type: call.type(2) ?? attributeType(call, 'output_dtype') ?? 'UINT8', shape: call.shape(0) }];
}

function dequantizeRule(call: OperatorCall): OutputFacts[] {
  return [{ type: attributeType(call, 'output_dtype') ?? call.type(1), shape: call.shape(0) }];
}

import type { Dim } from '../dim.js';
import type { OutputFacts } from '../facts.js';
import type { OperatorCall } from '../operatorCall.js';
import type { ShapeRules } from '../shapeRule.js';
import { like } from './elementwise.js';

/** Normalisations: the output is like the input; some also hand out their statistics. */
export const normalizationRules: ShapeRules = {
  BatchNormalization: batchNormalizationRule,
  InstanceNormalization: (call) => [like(call, 0)],
  GroupNormalization: (call) => [like(call, 0)],
  LayerNormalization: layerNormalizationRule,
  RMSNormalization: (call) => [like(call, 0)],
  SimplifiedLayerNormalization: simplifiedRule,
  'com.microsoft.SimplifiedLayerNormalization': simplifiedRule,
  'com.microsoft.GroupNorm': (call) => [like(call, 0)],
  'com.microsoft.SkipGroupNorm': (call) => [like(call, 0), like(call, 0)],
  'com.microsoft.SkipLayerNormalization': skipRule,
  'com.microsoft.SkipSimplifiedLayerNormalization': skipRule,
  'com.microsoft.EmbedLayerNormalization': embedRule,
};

/** In training mode (opset 14: outputs 1 and 2; before: 1 to 4) the statistics are outputs too. */
function batchNormalizationRule(call: OperatorCall): OutputFacts[] {
  const statistics = like(call, 3);
  return [like(call, 0), statistics, statistics, statistics, statistics];
}

/** The input's shape with 1 for the normalised axes. */
function statisticsShape(call: OperatorCall): readonly Dim[] | undefined {
  const shape = call.shape(0);
  return shape?.map((dim, axis) => (axis < call.axis(shape.length, -1) ? dim : 1));
}

function layerNormalizationRule(call: OperatorCall): OutputFacts[] {
  const statistics = { type: 'FLOAT', shape: statisticsShape(call) } as const;
  return [{ type: call.type(1) ?? call.type(0), shape: call.shape(0) }, statistics, statistics];
}

function simplifiedRule(call: OperatorCall): OutputFacts[] {
  return [like(call, 0), { type: 'FLOAT', shape: statisticsShape(call) }];
}

/** Outputs: normalised sum, mean, inverse standard deviation, the sum itself. */
function skipRule(call: OperatorCall): OutputFacts[] {
  const shape = call.shape(0);
  const statistics = { type: 'FLOAT', shape: shape && [...shape.slice(0, -1), 1] } as const;
  return [like(call, 0), statistics, statistics, like(call, 0)];
}

/** Inputs: token ids [B,S], segment ids, word embedding [V,E], ... Outputs: sum normalised, mask index, sum. */
function embedRule(call: OperatorCall): OutputFacts[] {
  const shape = [call.dim(0, 0), call.dim(0, 1), call.dim(2, 1)];
  const output = { type: call.type(2), shape };
  return [output, { type: 'INT32', shape: [call.dim(0, 0)] }, output];
}

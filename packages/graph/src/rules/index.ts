import { attentionRule, fusedAttentionRule, multiHeadAttentionRule } from './attention.js';
import { concatRule } from './concat.js';
import { convRule, poolRule } from './conv.js';
import { einsumRule } from './einsum.js';
import { elementwiseRules } from './elementwise.js';
import { fusedMatmulRule, gemmRule, matmulRule } from './matmul.js';
import { batchNormRule, layerNormRule, softmaxRule } from './normalization.js';
import { padRule } from './pad.js';
import { reduceRule } from './reduce.js';
import { refusedRules } from './refused.js';
import type { OperatorRule } from './rule.js';
import { gatherRule, sliceRule, splitRule } from './select.js';
import { expandRule, reshapeRule, shapeOfRule, squeezeRule, transposeRule } from './shape.js';
import { embedLayerNormRule, skipLayerNormRule } from './skipNormalization.js';

/** All operators the engine follows. */
export const operatorRules: readonly OperatorRule[] = [
  attentionRule,
  batchNormRule,
  concatRule,
  convRule,
  einsumRule,
  ...elementwiseRules,
  embedLayerNormRule,
  expandRule,
  fusedAttentionRule,
  fusedMatmulRule,
  gatherRule,
  gemmRule,
  layerNormRule,
  matmulRule,
  multiHeadAttentionRule,
  padRule,
  poolRule,
  reduceRule,
  ...refusedRules,
  reshapeRule,
  shapeOfRule,
  skipLayerNormRule,
  sliceRule,
  softmaxRule,
  splitRule,
  squeezeRule,
  transposeRule,
];

const byOperator = new Map(operatorRules.flatMap((rule) => rule.operators.map((operator) => [operator, rule])));

/** The rule for an operator (`MatMul`, `com.microsoft.BiasGelu`), if there is one. */
export function ruleFor(operator: string): OperatorRule | undefined {
  return byOperator.get(operator);
}

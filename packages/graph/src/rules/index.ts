import { SnpError } from '@snp/onnx';
import {
  attentionRule,
  fusedAttentionRule,
  groupQueryAttentionRule,
  multiHeadAttentionRule,
  rotaryEmbeddingRule,
} from './attention/index.js';
import { concatRule } from './concat.js';
import { convRule, poolRule } from './conv.js';
import { einsumRule } from './einsum.js';
import { elementwiseRules } from './elementwise.js';
import { gatherNdRule, gatherRule } from './gather.js';
import { fusedMatmulRule, gemmRule, matmulRule } from './matmul.js';
import { batchNormRule, instanceNormRule, layerNormRule, softmaxRule } from './normalization.js';
import { padRule } from './pad.js';
import { reduceRule } from './reduce.js';
import { refusedRules } from './refused.js';
import { resizeRule } from './resize.js';
import type { OperatorRule } from './rule.js';
import { expandRule, reshapeRule, shapeOfRule, squeezeRule, tileRule, transposeRule } from './shape.js';
import { embedLayerNormRule, skipLayerNormRule } from './skipNormalization.js';
import { sliceRule } from './slice.js';
import { splitRule } from './split.js';
import { unaryRules } from './unary.js';

/** All operators the engine follows. */
export const operatorRules: readonly OperatorRule[] = [
  attentionRule,
  batchNormRule,
  instanceNormRule,
  concatRule,
  convRule,
  einsumRule,
  ...elementwiseRules,
  embedLayerNormRule,
  expandRule,
  fusedAttentionRule,
  fusedMatmulRule,
  gatherNdRule,
  gatherRule,
  gemmRule,
  groupQueryAttentionRule,
  layerNormRule,
  matmulRule,
  multiHeadAttentionRule,
  padRule,
  poolRule,
  reduceRule,
  ...refusedRules,
  reshapeRule,
  resizeRule,
  rotaryEmbeddingRule,
  shapeOfRule,
  skipLayerNormRule,
  sliceRule,
  softmaxRule,
  splitRule,
  squeezeRule,
  tileRule,
  transposeRule,
  ...unaryRules,
];

const byOperator = new Map(
  operatorRules.flatMap((rule) => Object.keys(rule.operators).map((operator) => [operator, rule])),
);

/** The rule for an operator (`MatMul`, `com.microsoft.BiasGelu`), if there is one. */
export function ruleFor(operator: string): OperatorRule | undefined {
  return byOperator.get(operator);
}

/**
 * Teaches the analysis an operator of one's own, for all models of this process. Its shapes have to be known too: stated in the file, or by `defineShapes`
 * of `@snp/onnx`. A node with an input, attribute, used output or version beyond the form that the rule declares is frozen, as with the tool's own rules.
 *
 * @returns Takes the rule back.
 * @throws SnpError `invalid-argument` if one of the rule's operators has a rule already, or it names none.
 * @example
 * // acme.ScaledTanh(x, scale) = scale * tanh(x): zero where x is zero, so a removed neuron leaves nothing behind.
 * defineOperator(pointwise({ 'acme.ScaledTanh': { inputs: 2 } }, 'any', 'positions stay, the scale is coupled with them'));
 */
export function defineOperator(rule: OperatorRule): () => void {
  const operators = Object.keys(rule.operators);
  const known = operators.find((operator) => byOperator.has(operator));
  if (known !== undefined || operators.length === 0) {
    throw new SnpError(
      'invalid-argument',
      known === undefined ? 'A rule has to name its operators.' : `Operator '${known}' has a rule already.`,
    );
  }
  for (const operator of operators) byOperator.set(operator, rule);
  return () => {
    for (const operator of operators) byOperator.delete(operator);
  };
}

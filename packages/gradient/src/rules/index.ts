import { type Node, SnpError } from '@snp/onnx';
import { ARITHMETIC_RULES } from './arithmetic.js';
import { CONV_RULES } from './conv.js';
import { EINSUM_RULES } from './einsum.js';
import { GATHER_RULES } from './gather.js';
import { MATMUL_RULES } from './matmul.js';
import { NORMALIZATION_RULES } from './normalization.js';
import { POINTWISE_RULES } from './pointwise.js';
import { POOL_RULES } from './pool.js';
import { REDUCE_RULES } from './reduce.js';
import { RESIZE_RULES } from './resize.js';
import type { GradientRule } from './rule.js';
import { SHAPE_RULES } from './shape.js';
import { SLICE_RULES } from './slice.js';
import { SOFTMAX_RULES } from './softmax.js';

const RULES = new Map<string, GradientRule>(
  [
    ARITHMETIC_RULES,
    CONV_RULES,
    EINSUM_RULES,
    GATHER_RULES,
    MATMUL_RULES,
    NORMALIZATION_RULES,
    POINTWISE_RULES,
    POOL_RULES,
    REDUCE_RULES,
    RESIZE_RULES,
    SHAPE_RULES,
    SLICE_RULES,
    SOFTMAX_RULES,
  ].flatMap((rules) => Object.entries(rules)),
);

/** The rule of a node's operator. */
export function ruleOf(node: Node): GradientRule | undefined {
  return RULES.get(node.op);
}

/** Names of all operators with a rule, as `Gelu` or `com.microsoft.QuickGelu`. */
export function operatorsWithGradient(): string[] {
  return [...RULES.keys()].sort();
}

/**
 * Teaches how an operator passes gradients on. It holds for all models from then on.
 *
 * @param op The operator, with its domain in front where it is not ONNX's own: `my.domain.MyOp`.
 * @throws SnpError `invalid-argument` if the operator has a rule already.
 * @example
 * // y = x^3
 * defineGradient('my.domain.Cube', (call) => {
 *   const { writer } = call;
 *   const x = call.input(0);
 *   const slope = writer.mul(writer.mul(x, x), writer.number(3, call.type(x)));
 *   call.give(0, writer.mul(call.gradient(), slope));
 * });
 */
export function defineGradient(op: string, rule: GradientRule): void {
  if (RULES.has(op)) {
    throw new SnpError('invalid-argument', `Operator ${op} has a gradient already.`);
  }
  RULES.set(op, rule);
}

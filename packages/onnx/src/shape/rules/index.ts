import { SnpError } from '../../errors.js';
import type { ShapeRule } from '../shapeRule.js';
import { attentionRules } from './attention.js';
import { constantRules } from './constants.js';
import { controlFlowRules } from './controlFlow.js';
import { convolutionRules } from './convolution.js';
import { elementwiseRules } from './elementwise.js';
import { gatheringRules } from './gathering.js';
import { matrixRules } from './matrix.js';
import { normalizationRules } from './normalization.js';
import { quantizationRules } from './quantization.js';
import { recurrentRules } from './recurrent.js';
import { reductionRules } from './reduction.js';
import { resizeRules } from './resize.js';
import { shapeRules } from './shapes.js';
import { slicingRules } from './slicing.js';

const FAMILIES = [
  attentionRules,
  constantRules,
  controlFlowRules,
  convolutionRules,
  elementwiseRules,
  gatheringRules,
  matrixRules,
  normalizationRules,
  quantizationRules,
  recurrentRules,
  reductionRules,
  resizeRules,
  shapeRules,
  slicingRules,
];

const RULES = new Map<string, ShapeRule>(FAMILIES.flatMap((family) => Object.entries(family)));

/** Every operator whose outputs' shapes can be told from its inputs, by `Node.op`. */
export const SHAPE_RULES: ReadonlyMap<string, ShapeRule> = RULES;

/**
 * Teaches shape inference an operator of one's own, for all models of this process. Its attributes are those of `call.node`.
 *
 * @param operator Domain and name, as `acme.ScaledTanh`.
 * @returns Takes it back.
 * @throws SnpError `invalid-argument` if the operator is known already.
 * @example
 * defineShapes('acme.Halve', (call) => {
 *   const shape = call.shape(0);
 *   return [{ type: call.type(0), shape: shape && [...shape.slice(0, -1), Number(shape[shape.length - 1]) / 2] }];
 * });
 */
export function defineShapes(operator: string, rule: ShapeRule): () => void {
  if (RULES.has(operator))
    throw new SnpError('invalid-argument', `The shapes of operator '${operator}' are known already.`);
  RULES.set(operator, rule);
  return () => void RULES.delete(operator);
}

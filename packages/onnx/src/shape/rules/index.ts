import type { ShapeRule } from '../facts.js';
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

/** Every operator whose outputs' shapes can be told from its inputs, by `Node.op`. */
export const SHAPE_RULES: ReadonlyMap<string, ShapeRule> = new Map(
  FAMILIES.flatMap((family) => Object.entries(family)),
);

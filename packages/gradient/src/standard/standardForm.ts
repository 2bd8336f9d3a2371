import { cloneModel, inlineFunctions, type Model, unpackSequences, type Value } from '@snp/onnx';
import { writeOut } from './index.js';
import { raiseOpset } from './raiseOpset.js';
import { recogniseGelu } from './recogniseGelu.js';
import { storeConstants } from './storeConstants.js';

/**
 * A copy of a model in the form that `gradientModel` differentiates: local functions and operators that stand for several are written out in standard ones, constants are initializers, the operator set is 16 or
 * newer. It computes the same. Whoever looks at a model with gradients node by node looks at this one before: `gradientModel` changes no node of it.
 *
 * @param kept Names of values that are to stay; others may go where operators are put together.
 * @throws SnpError `invalid-argument` if one of them is not there.
 * @example
 * const standard = standardForm(model);
 * const { model: withGradients } = gradientModel(standard, { by: ['input'] });
 */
export function standardForm(source: Model, kept: readonly string[] = []): Model {
  const model = cloneModel(source);
  inlineFunctions(model);
  unpackSequences(model);
  storeConstants(model);
  raiseOpset(model);
  writeOut(model);
  recogniseGelu(model, new Set(kept.map((name): Value => model.graph.value(name))));
  return model;
}

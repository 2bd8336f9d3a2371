import { type Analysis, analyze } from '@snp/graph';
import { cloneModel, foldConstants, type Model, SnpError, simplifyShapes } from '@snp/onnx';

/**
 * Makes a model ready for pruning, in a copy: sizes that exporters compute at run time become constants (so that a scale
 * taken from a width stays that of the original width), and the result is analysed.
 *
 * @throws SnpError `not-prunable` if no group can be pruned, with the first reasons why.
 */
export function prepare(model: Model): Analysis {
  const folded = cloneModel(model);
  foldConstants(folded);
  simplifyShapes(folded);
  const analysis = analyze(folded);
  if (analysis.groups.length === 0) {
    const reasons = analysis.frozen.slice(0, 3).map(({ reason }) => `${reason.node ?? 'the model'} ${reason.reason}`);
    throw new SnpError(
      'not-prunable',
      `Nothing in this model can be pruned safely${analysis.blocks.length === 0 ? '; no attention was found' : ''}. First reasons: ${reasons.join('; ') || 'it has no weights that are written and read'}.`,
    );
  }
  return analysis;
}

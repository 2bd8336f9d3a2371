import { type Analysis, analyze } from '@snp/graph';
import { cloneModel, foldConstants, type Model, SnpError, simplifyShapes } from '@snp/onnx';

/**
 * Makes a model ready for pruning, in a copy: sizes that exporters compute at run time become constants (so that a scale
 * taken from a width stays that of the original width), and the result is analysed.
 *
 * @param options.allowNothing Return the analysis even if no group can be pruned. Default false.
 * @throws SnpError `not-prunable` if no group can be pruned, with the first reasons why; `unsupported` for an operator set
 * that is newer than this release knows.
 */
export function prepare(model: Model, options: { allowNothing?: boolean } = {}): Analysis {
  checkOpset(model);
  const folded = cloneModel(model);
  foldConstants(folded);
  simplifyShapes(folded);
  const analysis = analyze(folded);
  if (analysis.groups.length === 0 && !options.allowNothing) {
    const reasons = analysis.frozen.slice(0, 3).map(({ reason }) => `${reason.node ?? 'the model'} ${reason.reason}`);
    throw new SnpError(
      'not-prunable',
      `Nothing in this model can be pruned safely${analysis.blocks.length === 0 ? '; no attention was found' : ''}. First reasons: ${reasons.join('; ') || 'it has no weights that are written and read'}.`,
    );
  }
  return analysis;
}

/** The newest default operator set whose operators this release was checked against. */
export const NEWEST_OPSET = 26;

function checkOpset(model: Model): void {
  if (model.opset <= NEWEST_OPSET && model.opsets.size > 0) return;
  const what = model.opsets.size === 0 ? 'states no operator set' : `uses operator set ${model.opset}`;
  throw new SnpError(
    'unsupported',
    `The model ${what}; this release knows operator sets up to ${NEWEST_OPSET}. Export it with an older one, or update snp.`,
  );
}

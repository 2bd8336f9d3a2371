import { type Analysis, analyze } from '@snp/graph';
import {
  cloneModel,
  countAxesFromEnd,
  foldConstants,
  inlineFunctions,
  type Model,
  removeExpands,
  removeRoundTrips,
  SnpError,
  simplifyShapes,
  unpackSequences,
} from '@snp/onnx';

/**
 * Makes a model ready for pruning, in a copy: functions of the model are inlined, sequences of tensors taken apart, sizes that exporters compute at run time become
 * constants (so that a scale taken from a width stays that of the original width), and the result is analysed.
 *
 * @param options.allowNothing Return the analysis even if there is no attention or no group that can be pruned. Default false.
 * @throws SnpError `not-prunable` if there is no attention or no group can be pruned, with the first reasons why; `unsupported` for an operator set
 * that is newer than this release knows.
 */
export function prepare(model: Model, options: { allowNothing?: boolean } = {}): Analysis {
  checkOpset(model);
  const folded = cloneModel(model);
  inlineFunctions(folded);
  unpackSequences(folded);
  foldConstants(folded);
  simplifyShapes(folded);
  removeRoundTrips(folded);
  removeExpands(folded);
  countAxesFromEnd(folded);
  const analysis = analyze(folded);
  if (!options.allowNothing) requireTransformer(analysis);
  return analysis;
}

function requireTransformer({ groups, blocks, frozen }: Analysis): void {
  const hasAttention = blocks.length > 0 || groups.some(({ kind }) => kind === 'query-key' || kind === 'value');
  if (groups.length > 0 && hasAttention) return;
  const reasons = frozen.slice(0, 3).map(({ reason }) => `${reason.node ?? 'the model'} ${reason.reason}`);
  const what = hasAttention ? 'Nothing in this model can be pruned safely' : 'No attention was found in this model';
  throw new SnpError(
    'not-prunable',
    `${what}. ${reasons.length > 0 ? `First reasons: ${reasons.join('; ')}. ` : ''}'snp inspect --all' lists what it is made of; if it is a Transformer, export it anew with its attention as plain operators.`,
  );
}

/** The newest default operator set whose operators this release was checked against. */
const NEWEST_OPSET = 26;

function checkOpset(model: Model): void {
  if (model.opset <= NEWEST_OPSET && model.opsets.size > 0) return;
  const what = model.opsets.size === 0 ? 'states no operator set' : `uses operator set ${model.opset}`;
  throw new SnpError(
    'unsupported',
    `The model ${what}; this release knows operator sets up to ${NEWEST_OPSET}. Export it with an older one, or update snp.`,
  );
}

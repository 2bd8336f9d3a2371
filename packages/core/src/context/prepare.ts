import { type Analysis, analyze, unitGroups } from '@snp/graph';
import {
  cloneModel,
  countAxesFromEnd,
  foldConstants,
  gatherSingles,
  inlineFunctions,
  kernelsAsMatrices,
  type Model,
  removeExpands,
  removeRoundTrips,
  SnpError,
  simplifyShapes,
  stateValueRanks,
  takeConstantBranches,
  unpackSequences,
  unshareVectors,
} from '@snp/onnx';
import { coverageOf } from '../cost/coverage.js';
import { obstaclesOf } from '../obstacles/obstacles.js';
import { frozenReasons } from '../obstacles/prunable.js';
import { joinAxes } from './joinAxes.js';

/**
 * Makes a model ready for pruning, in a copy: functions of the model are inlined, sequences of tensors taken apart, branches that are always taken take the place of their `If`, sizes that exporters compute at run time become
 * constants (so that a scale taken from a width stays that of the original width), and the result is analysed.
 *
 * @param options.narrowCache Past keys and values that leave through outputs and come back through inputs may become narrower on both sides. Default false.
 * @param options.allowNothing Return the analysis even if nothing can be pruned. Default false.
 * @throws SnpError `not-prunable` if nothing can be pruned, or next to nothing of a quantised model, with what is in the way; `unsupported` for an operator set
 * that is newer than this release knows.
 */
export function prepare(
  model: Model,
  options: { allowNothing?: boolean; narrowCache?: boolean | undefined } = {},
): Analysis {
  checkOpset(model);
  const folded = cloneModel(model);
  inlineFunctions(folded);
  unpackSequences(folded);
  foldConstants(folded);
  kernelsAsMatrices(folded);
  simplifyShapes(folded);
  // What a branch computes may be constant in turn.
  if (takeConstantBranches(folded) > 0) {
    foldConstants(folded);
    simplifyShapes(folded);
  }
  removeRoundTrips(folded);
  removeExpands(folded);
  unshareVectors(folded);
  countAxesFromEnd(folded);
  gatherSingles(folded);
  stateValueRanks(folded);
  const narrowCache = options.narrowCache ?? false;
  let analysis = analyze(folded, { narrowCache });
  // Biases are met by what kernels have written as one axis: one step further each time.
  for (let steps = 0; steps < MOST_STEPS && joinAxes(analysis); steps++) analysis = analyze(folded, { narrowCache });
  if (!options.allowNothing) requirePrunable(analysis);
  return analysis;
}

/** Constants are seen as joint by what others before them are: a bias by its kernel, a scale behind by the bias. */
const MOST_STEPS = 4;

/** Of a quantised model, less than this share of operations and parameters in float parts is not worth pruning. */
const NEXT_TO_NOTHING = 0.05;

function requirePrunable(analysis: Analysis): void {
  const some = unitGroups(analysis).length > 0;
  const obstacles = obstaclesOf(analysis);
  const quantised = obstacles.find(({ kind }) => kind === 'quantised');
  if (some && !quantised) return;
  if (some) {
    const { macs, params } = coverageOf(analysis);
    if (Math.max(macs, params) >= NEXT_TO_NOTHING) return;
  }
  const [node] = (quantised ?? obstacles[0])?.nodes ?? [];
  const why = quantised ? [quantised.message] : [whyNothing(analysis), ...obstacles.map(({ message }) => message)];
  throw new SnpError('not-prunable', why.join(' '), node === undefined ? {} : { node });
}

function whyNothing({ frozen }: Analysis): string {
  const reasons = frozenReasons(frozen);
  if (reasons.length > 0) return `Nothing in this model can be pruned safely. Frozen are: ${reasons.join('; ')}.`;
  return 'Nothing in this model can be pruned: no weight writes neurons that only other weights read.';
}

/** The newest default operator set whose operators this release was checked against. */
const NEWEST_OPSET = 26;

function checkOpset(model: Model): void {
  if (model.opset <= NEWEST_OPSET && model.opsets.size > 0) return;
  if (model.opsets.size === 0)
    throw new SnpError(
      'invalid-file',
      'The model states no operator set (opset_import), so that its operators mean nothing in particular. Add the one it was written for.',
    );
  throw new SnpError(
    'unsupported',
    `The model uses operator set ${model.opset}; this release knows operator sets up to ${NEWEST_OPSET}. Convert it to one of these, or update snp.`,
  );
}

import { type Analysis, analyze, type Branch } from '@snp/graph';
import { cloneModel, type Model, type Value } from '@snp/onnx';
import {
  type Calibration,
  crossTap,
  type Moments,
  type RuntimeTensor,
  rowsTap,
  runTapped,
  squareOf,
  tensorInputs,
  wholeRuns,
} from '@snp/runtime';
import { Algebra } from '../algebra/algebra.js';
import { unpackCross } from '../calibration/crossMoments.js';
import { inOrderOfInputs } from '../calibration/secondMoments.js';
import type { Context } from '../context/context.js';
import { fittingData } from '../data/emptyPast.js';
import { firstSamples } from '../data/firstSamples.js';
import { addToLayer, type LastLayer, lastLayer } from '../layers/branchLayers.js';
import { countsSamples } from '../layers/countsSamples.js';
import { ownWeights } from '../layers/weights.js';
import type { BranchPlace } from './branchPlace.js';
import { errorTap, TARGET } from './errorTap.js';
import { refitHidden } from './refitHidden.js';
import { segmentOf } from './segment.js';
import { type RegressionSums, shrunkRegression } from './shrunkRegression.js';
import { HALVES, type RunOptions, Streams } from './streams.js';

/** Samples that are looked at, the first ones: the residual stream of all of them is held in memory, twice. */
const SAMPLES = 256;

/** Samples per run: a branch alone is little work beside the way to it. */
const BATCH_SIZE = 8;

/** A branch of the pruned model that can be refitted, and what the stream behind it is to be. */
interface Place {
  layer: LastLayer;
  /** The stream in front of the branch and behind it in the pruned model. */
  before: Value;
  sum: Value;
  /** The stream at the same places in the original. */
  targetBefore: Value;
  target: Value;
}

/**
 * Layer-wise reconstruction: refits the last layer of every branch of a pruned model, the first one first, so that the residual stream behind it comes closest to the original's on
 * calibration data, by ridge regression on what its neurons are in the pruned model. Each makes up for errors of all before it, which no layer can see in the original (as He et al. do for
 * channels, arXiv 1707.06168). How far each layer moves is what one half of the samples says about the other. Takes
 * about one pass of the original and three of the pruned model.
 *
 * Branches that do not end with a matrix of their own, or whose stream became narrower, stay as they are.
 *
 * @param cut The pruned model; it stays as it is.
 * @returns The refitted model, analysed.
 * @throws SnpError `runtime` where the runtime does not take parts of the model; `aborted`.
 */
export async function reconstruct(context: Context, cut: Model): Promise<Analysis> {
  const pruned = analyze(cloneModel(cut), { narrowCache: context.analysis.narrowCache });
  const { data } = context;
  if (data) await context.clock.time('reconstruct', (onProgress) => refitBranches(pruned, context, data, onProgress));
  return pruned;
}

async function refitBranches(
  pruned: Analysis,
  { analysis: original, runtime, batchSize, signal }: Context,
  data: Calibration,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const places = placesOf(pruned, original);
  const [first] = places;
  if (!first) return;
  const apart = places.every(
    ({ before, sum, targetBefore, target }) =>
      [before, sum].every((value) => countsSamples(value, pruned)) &&
      [targetBefore, target].every((value) => countsSamples(value, original)),
  );
  const options = { runtime, signal, batchSize: apart ? (batchSize ?? BATCH_SIZE) : 1 };
  const needed = neededInputs(pruned, original, places);
  const algebra = new Algebra(options.runtime);
  try {
    const some = firstSamples(data, SAMPLES);
    const samples = apart ? some : wholeRuns(some, tensorInputs(original.model));
    const begin = (of: Analysis, end: Value) =>
      Streams.begin(segmentOf(of, undefined, end), fittingData(samples, of.model), needed, options);
    const own = await begin(pruned, first.before);
    const wanted = await begin(original, first.targetBefore);
    let [at, target] = [first.before, first.targetBefore];
    for (const [done, place] of places.entries()) {
      await wanted.advance(segmentOf(original, target, place.target), options);
      const { layer, sum } = place;
      const from = at;
      const segment = () => segmentOf(pruned, from, sum);
      const here: BranchPlace = { layer, sum, shapes: pruned.shapes, from, segment, own, wanted };
      await refitHidden(here, options, algebra);
      const halves = await sumsAt(here, options);
      const change = halves && (await shrunkRegression(halves, { centred: layer.bias !== undefined, algebra }));
      if (change) addToLayer(layer, change, ownWeights);
      await own.advance(segment(), options);
      [at, target] = [place.sum, place.target];
      onProgress(done + 1, places.length);
    }
  } finally {
    await algebra.close();
  }
}

function placesOf(pruned: Analysis, original: Analysis): Place[] {
  return pruned.branches.flatMap((branch): Place[] => {
    const layer = lastLayer(branch);
    const before = branch.sum.inputs[branch.stream];
    const [sum] = branch.sum.outputs;
    const own = original.branches.find((other) => other.sum.outputs[0]!.name === sum!.name);
    if (typeof layer === 'string' || !own || !before?.producer) return [];
    const targetBefore = own.sum.inputs[own.stream]!;
    const target = behindLeft(own, pruned.model, original.branches).sum.outputs[0]!;
    const width = layer.member.initializer.tensor!.dims[1 - layer.member.axis];
    const fits = pruned.shapes.shape(sum!)?.at(-1) === width && original.shapes.shape(target)?.at(-1) === width;
    return fits ? [{ layer, before, sum: sum!, targetBefore, target }] : [];
  });
}

/** The last of the branches that follow one and have left: it does the work of all of them. */
function behindLeft(branch: Branch, model: Model, branches: readonly Branch[]): Branch {
  const [value] = branch.sum.outputs;
  const next = branches.find(
    ({ sum, stream }) => sum.inputs[stream] === value && !model.graph.values.has(sum.outputs[0]!.name),
  );
  return next ? behindLeft(next, model, branches) : branch;
}

/** Inputs of the models that are needed behind the first place, too. */
function neededInputs(pruned: Analysis, original: Analysis, places: readonly Place[]): Set<string> {
  const segments = places.flatMap(({ before, sum, targetBefore, target }, at) => [
    segmentOf(pruned, places[at - 1]?.sum ?? before, sum),
    segmentOf(original, places[at - 1]?.target ?? targetBefore, target),
  ]);
  return new Set(segments.flatMap(({ inputs }) => inputs));
}

/** Sums over the rows of a place's neurons and of what is missing of the stream behind it: of every other sample, and of the rest. Undefined where there are too few samples for that. */
async function sumsAt(
  { layer, sum, shapes, segment: cut, own, wanted }: BranchPlace,
  options: RunOptions,
): Promise<[RegressionSums, RegressionSums] | undefined> {
  const segment = cut();
  const { value, rank, axis: feature } = layer.site;
  const neurons = rowsTap(value, { rank, feature, width: layer.inputAt.length });
  const missing = errorTap(sum, shapes.shape(sum)!, shapes.elementType(sum));
  const cross = crossTap(neurons, missing);
  const halves: RegressionSums[] = [];
  for (const half of HALVES) {
    const found: { products?: RuntimeTensor; moments?: Moments } = {};
    await runTapped(
      {
        ...options,
        model: segment.model,
        taps: [neurons, cross],
        calibration: own.feeding(segment, { beside: { name: TARGET, of: wanted }, half }),
        sums: [cross.name],
        onSum: (_, products) => Object.assign(found, { products }),
        moments: [neurons.name],
        onMoments: (_, moments) => Object.assign(found, { moments }),
      },
      () => undefined,
    );
    if (!found.products || !found.moments) return undefined;
    const { sums: inputs, products } = inOrderOfInputs(layer, found.moments);
    halves.push({ ...unpackCross(found.products, layer), inputs, squares: squareOf(products) });
  }
  return [halves[0], halves[1]];
}

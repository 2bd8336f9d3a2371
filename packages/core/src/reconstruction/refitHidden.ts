import { floatsOf } from '@snp/runtime';
import type { Algebra } from '../algebra/algebra.js';
import { positionRows } from '../layers/branchLayers.js';
import { shiftBias } from '../layers/outputBias.js';
import { ownWeights } from '../layers/weights.js';
import type { BranchPlace } from './branchPlace.js';
import { gaussNewtonStep } from './gaussNewton.js';
import { type HiddenLayer, hiddenLayers } from './hiddenLayer.js';
import { meanOfHalves } from './meanOfHalves.js';
import { type HalfSums, stepSums } from './stepSums.js';
import { HALVES, type RunOptions } from './streams.js';

/** Dampings that are tried, beside the means of the diagonals. */
const DAMPINGS = [0.1, 0.3];

/** Samples of each half that a step is tried on: how long it is to be shows on few. */
const TRIED = 32;

/** Changes of hidden layers, one [inputs, neurons] each, the inputs with a 1 behind them where there is a bias. */
type Steps = readonly Float64Array[];

/**
 * Moves the layers that write a branch's hidden neurons, by a Gauss-Newton step towards what is missing of the stream behind the branch. Damping and length are those with which each half of the samples
 * does most for the other, tried with the model itself.
 */
export async function refitHidden(place: BranchPlace, options: RunOptions, algebra: Algebra): Promise<void> {
  const layers = hiddenLayers(place.layer);
  if (layers.length === 0) return;
  const halves: HalfSums[] = [];
  for (const half of HALVES) {
    const found = await stepSums(place, layers, half, options);
    if (!found) return;
    halves.push(found);
  }
  const behind = await algebra.gram(positionRows(place.layer), place.layer.group.units);
  const found = await meanOfHalves(DAMPINGS, (at) => async (damping) => {
    const steps: Float64Array[] = [];
    for (const own of halves[at].sums) {
      const step = await gaussNewtonStep(own, behind, { damping, algebra });
      if (!step) return undefined;
      steps.push(step);
    }
    const half = HALVES[1 - at];
    const after = await trying(layers, steps, () => place.own.ahead(place.segment(), options, { half, first: TRIED }));
    const wanted = place.wanted.streams(half);
    const trial = { fitted: 0, squares: 0 };
    for (const [sample, stream] of after.entries()) {
      const [before, behind, to] = [halves[half].streams[sample], stream, wanted[sample]].map((own) => floatsOf(own)!);
      addTrial(trial, before, behind, to);
    }
    return { steps, trial };
  });
  if (found) move(layers, found.steps, found.share);
}

function addTrial(
  trial: { fitted: number; squares: number },
  before: ArrayLike<number>,
  after: ArrayLike<number>,
  wanted: ArrayLike<number>,
): void {
  let [fitted, squares] = [0, 0];
  for (let at = 0; at < after.length; at++) {
    const change = after[at] - before[at];
    fitted += change * (wanted[at] - before[at]);
    squares += change * change;
  }
  trial.fitted += fitted;
  trial.squares += squares;
}

/** Does something with layers that have moved, and puts them back. */
async function trying<T>(layers: readonly HiddenLayer[], steps: Steps, use: () => Promise<T>): Promise<T> {
  const before = layers
    .flatMap(({ weight, bias }) => [weight, ...(bias ? [bias] : [])])
    .map((value) => [value, value.tensor] as const);
  try {
    move(layers, steps, 1);
    return await use();
  } finally {
    for (const [value, tensor] of before) value.tensor = tensor;
  }
}

function move(layers: readonly HiddenLayer[], steps: Steps, share: number): void {
  for (const [at, { weight, axis, bias }] of layers.entries()) {
    const { dims } = weight.tensor!;
    const data = Float32Array.from(weight.tensor!.numbers());
    const [inputs, neurons] = [dims[1 - axis], dims[axis]];
    const [along, across] = axis === 1 ? [1, neurons] : [inputs, 1];
    for (let i = 0; i < inputs; i++)
      for (let j = 0; j < neurons; j++) data[i * across + j * along] += share * steps[at][i * neurons + j];
    ownWeights.write(weight, data);
    if (bias)
      shiftBias(
        bias,
        steps[at].slice(inputs * neurons).map((element) => share * element),
        ownWeights,
      );
  }
}

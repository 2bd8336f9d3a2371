import { type Model, type ShapeInfo, Tensor, type Value } from '@snp/onnx';
import { crossTap, type Moments, type RuntimeTensor, rowsTap, runTapped, type Tap } from '@snp/runtime';
import type { Algebra } from '../recovery/algebra.js';
import type { LastLayer } from '../recovery/branchLayers.js';
import { readerRows } from '../recovery/linearReader.js';
import { shiftBias } from '../recovery/outputBias.js';
import { bestStep } from './bestStep.js';
import { gaussNewtonStep, type StepSums } from './gaussNewton.js';
import { type HiddenLayer, hiddenLayers, slopesOf } from './hiddenLayer.js';
import { lackingTap, TARGET } from './lacking.js';
import type { RunOptions, Streams } from './streams.js';
import type { Stretch } from './stretch.js';

/** Dampings that are tried, beside the means of the diagonals. */
const DAMPINGS = [0.03, 0.1, 0.3];

/** A branch on the way to its sum. */
export interface BranchPlace {
  layer: LastLayer;
  sum: Value;
  shapes: ShapeInfo;
  /** Where the streams are. */
  from: Value;
  /** From there to the sum, with the weights as they are. */
  stretch(): Stretch;
  /** The streams in front of the branch. */
  own: Streams;
  /** What they are to be behind it. */
  wanted: Streams;
}

/** Changes of hidden layers, one [inputs, neurons] each, the inputs with a 1 behind them where there is a bias. */
type Steps = readonly Float64Array[];

/**
 * Moves the layers that write a branch's hidden neurons, by a Gauss-Newton step towards what the stream behind the branch lacks. Damping and length are those with which each half of the samples
 * does most for the other, tried with the model itself.
 *
 * @returns Whether anything moved.
 */
export async function refitHidden(place: BranchPlace, options: RunOptions, algebra: Algebra): Promise<boolean> {
  const layers = hiddenLayers(place.layer);
  if (layers.length === 0) return false;
  const halves: StepSums[][] = [];
  for (const half of [0, 1]) {
    const sums = await stepSums(place, layers, half, options);
    if (!sums) return false;
    halves.push(sums);
  }
  const behind = await algebra.gram(positionRows(place.layer), place.layer.group.units);
  const stepsOf = async (sums: readonly StepSums[], damping: number) => {
    const steps: Float64Array[] = [];
    for (const own of sums) {
      const step = await gaussNewtonStep(own, behind, { damping, algebra });
      if (!step) return undefined;
      steps.push(step);
    }
    return steps;
  };
  const before = await place.own.ahead(place.stretch(), options);
  const trials = [];
  for (const damping of DAMPINGS) {
    const trial = { damping, fitted: 0, squares: 0 };
    for (const half of [0, 1]) {
      const steps = await stepsOf(halves[1 - half], damping);
      if (!steps) continue;
      const belongs = (at: number) => at % 2 === half;
      const after = await trying(layers, steps, () => place.own.ahead(place.stretch(), options, belongs));
      const [from, to] = [before, place.wanted.streams].map((all) => all.filter((_, at) => belongs(at)));
      for (const [at, { data }] of after.entries())
        addTrial(trial, from[at].data as Float32Array, data as Float32Array, to[at].data as Float32Array);
    }
    trials.push(trial);
  }
  const best = bestStep(trials);
  const steps =
    best &&
    (await stepsOf(
      layers.map((_, at) => addSums(halves[0][at], halves[1][at])),
      best.trial.damping,
    ));
  if (!steps) return false;
  move(layers, steps, best.step);
  return true;
}

function addTrial(
  trial: { fitted: number; squares: number },
  before: Float32Array,
  after: Float32Array,
  wanted: Float32Array,
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

/** Weights of the last layer, [positions of neurons, outputs]. */
function positionRows(layer: LastLayer): Float64Array {
  const rows = readerRows(layer);
  const outputs = rows.length / layer.group.units;
  const inOrder = new Float64Array(rows.length);
  layer.site.unitAt.forEach((unit, at) => {
    inOrder.set(rows.subarray(unit * outputs, (unit + 1) * outputs), at * outputs);
  });
  return inOrder;
}

/** Sums over every other sample, of each layer; undefined where there are too few samples for that. */
async function stepSums(
  { layer, sum, shapes, from, stretch: cut, own, wanted }: BranchPlace,
  layers: readonly HiddenLayer[],
  half: number,
  options: RunOptions,
): Promise<StepSums[] | undefined> {
  const stretch = cut();
  const lacking = lackingTap(sum, shapes.shape(sum)!);
  const taps = layers.map((hidden, at) => {
    const name = hidden.input === from ? stretch.start! : hidden.input.name;
    return tapsOf(hidden, at, { input: stretch.model.graph.value(name), layer, lacking, shapes });
  });
  const products = new Map<string, RuntimeTensor>();
  const moments = new Map<string, Moments>();
  await runTapped(
    {
      ...options,
      model: stretch.model,
      taps: taps.flatMap(({ inputs, slopes, pulls }) => [inputs, slopes, pulls]),
      calibration: own.feeding(stretch, { beside: { name: TARGET, of: wanted }, belongs: (at) => at % 2 === half }),
      sums: taps.map(({ pulls }) => pulls.name),
      onSum: (name, tensor) => products.set(name, tensor),
      moments: taps.flatMap(({ inputs, slopes }) => [inputs.name, slopes.name]),
      onMoments: (name, own) => moments.set(name, own),
    },
    () => undefined,
  );
  if (products.size === 0) return undefined;
  return layers.map(({ bias }, at) =>
    sumsOf(moments.get(taps[at].inputs.name)!, moments.get(taps[at].slopes.name)!, products.get(taps[at].pulls.name)!, {
      biased: bias !== undefined,
    }),
  );
}

/** Rows of what a hidden layer reads, of its slopes, and the sums of products of the first with what each neuron can mend. */
function tapsOf(
  hidden: HiddenLayer,
  at: number,
  { input, layer, lacking, shapes }: { input: Value; layer: LastLayer; lacking: Tap; shapes: ShapeInfo },
) {
  const { weight, axis } = hidden;
  const dims = weight.tensor!.dims;
  const rank = shapes.shape(hidden.input)!.length;
  const inputs = { ...rowsTap(input, { rank, feature: rank - 1, width: dims[1 - axis] }), name: `inputs/${at}` };
  const { site, member, group } = layer;
  const shared = new WeakMap<Model, Value>();
  const slopes: Tap = {
    name: `slopes/${at}`,
    build(model) {
      const known =
        shared.get(model) ??
        rowsTap(slopesOf(model, hidden), { rank: site.rank, feature: site.axis, width: group.units }).build(model);
      shared.set(model, known);
      return known;
    },
  };
  const mendable: Tap = {
    name: `mendable/${at}`,
    build(model) {
      const { graph } = model;
      const op = (op: string, inputs: Value[], attributes = {}) =>
        graph.addNode({ op, inputs, attributes }).outputs[0]!;
      const weights = graph.value(member.initializer.name);
      const back = member.axis === 0 ? op('Transpose', [weights], { perm: [1, 0] }) : weights;
      return op('Mul', [op('MatMul', [lacking.build(model), back]), slopes.build(model)]);
    },
  };
  return { inputs, slopes, pulls: { ...crossTap(inputs, mendable), name: `pulls/${at}` } };
}

function sumsOf(
  { count, sums, products }: Moments,
  slopes: Moments,
  { dims, data }: RuntimeTensor,
  { biased }: { biased: boolean },
): StepSums {
  const own = sums.length;
  const width = own + (biased ? 1 : 0);
  const inputs = new Float64Array(width * width);
  for (let i = 0; i < own; i++) {
    inputs.set(products.subarray(i * own, (i + 1) * own), i * width);
    if (biased) inputs[i * width + own] = inputs[own * width + i] = sums[i];
  }
  if (biased) inputs[inputs.length - 1] = count;
  const neurons = dims[1] - 1;
  const pulls = new Float64Array(width * neurons);
  for (let i = 0; i < width; i++)
    pulls.set((data as Float64Array).subarray(i * dims[1], i * dims[1] + neurons), i * neurons);
  return { count, inputs, slopes: slopes.products, pulls };
}

function addSums(a: StepSums, b: StepSums): StepSums {
  const sum = (x: Float64Array, y: Float64Array) => x.map((element, at) => element + y[at]);
  return {
    count: a.count + b.count,
    inputs: sum(a.inputs, b.inputs),
    slopes: sum(a.slopes, b.slopes),
    pulls: sum(a.pulls, b.pulls),
  };
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
    weight.tensor = Tensor.float32(dims, data);
    if (bias)
      shiftBias(
        bias,
        steps[at].slice(inputs * neurons).map((element) => share * element),
      );
  }
}

import { standardForm } from '@snp/gradient';
import { inferShapes, type Model, type ShapeInfo, Tensor } from '@snp/onnx';
import { type Calibration, type RuntimeTensor, runSamples } from '@snp/runtime';
import { Algebra } from '../algebra/algebra.js';
import type { Compensation } from '../compensation/compensation.js';
import type { Context } from '../context/context.js';
import { countsSamples } from '../layers/countsSamples.js';
import type { Sensitivity, SensitivityPoint } from '../statistics/sensitivity.js';
import { changedWeights, touchedBytes } from './changedWeights.js';
import { type Reach, reachOf } from './reach.js';
import { type ChangedWeights, sensitivityModel } from './sensitivityModel.js';
import { widthsOf } from './widths.js';

type Running = Pick<Context, 'analysis' | 'runtime' | 'batchSize' | 'answers' | 'signal'>;

/** Options of `gradientSensitivity`. */
export interface GradientSensitivityOptions {
  /** Of the groups to estimate. */
  compensations: readonly Compensation[];
  /** Samples to estimate on. */
  data: Calibration;
  /** Random directions in which each answer is looked at. */
  directions: number;
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Bytes of changed weights that are held at once, or half of what the model's weights take: where there are more, groups go in several rounds, each with a walk back of its own. */
const MOST_BYTES = 500e6;

/** Samples per run: the gradients of all branches, in all directions, are there at once. */
const BATCH_SIZE = 4;

/** Samples per run where changed weights take so many bytes: what wide layers give takes as much again, and is work enough for each run. */
const WIDE = { bytes: 250e6, batchSize: 2 };

/** A group that can be estimated, with where its changes end. */
interface Place {
  compensation: Compensation;
  reach: Reach;
}

/**
 * Estimates by gradients what narrowing each group alone does to the model's answers, after compensation. What a change of weights does up to the residual stream is computed; what that
 * does to the answers, as 1/2 E (d^T g)^2, with d the change of the stream and g the gradient of the answers in a random direction (`addAnswerDirections`), by one walk back through the model for
 * all groups (second order in d, as in Fisher pruning, arXiv 1801.05787).
 *
 * Groups whose changes do not come together before the answers are left out.
 */
export async function gradientSensitivity(
  context: Running,
  { compensations, data, directions, onProgress }: GradientSensitivityOptions,
): Promise<Sensitivity> {
  const { analysis, runtime } = context;
  // The nodes that changes run through are copied into what `gradientModel` makes of it.
  const whole = standardForm(analysis.model);
  const source = { model: whole, shapes: inferShapes(whole) };
  const sums = analysis.branches.map(({ sum }) => sum.outputs[0]!.name);
  const places = placesOf(whole, sums, compensations);
  const estimated: Record<string, SensitivityPoint[]> = {};
  const algebra = new Algebra(runtime);
  try {
    for (const round of roundsOf(places, whole)) {
      const own = await estimateRound(context, source, { places: round, data, directions, algebra });
      for (const [at, { compensation }] of round.entries()) estimated[compensation.group.id] = own[at];
      onProgress?.(Object.keys(estimated).length, places.length);
    }
  } finally {
    await algebra.close();
  }
  return estimated;
}

/** Places whose changed weights fit into memory together. The last ones of the model come first: a walk back goes no further than it must. */
function roundsOf(places: readonly Place[], { graph }: Model): Place[][] {
  const position = new Map(graph.nodes.map((node, at) => [node, at]));
  const weights = graph.initializers.reduce((sum, { tensor }) => sum + 4 * tensor!.size, 0);
  const most = Math.max(MOST_BYTES, weights / 2);
  const at = ({ reach }: Place) => position.get(reach.end.producer!) ?? 0;
  const rounds: Place[][] = [];
  let room = 0;
  for (const place of [...places].sort((a, b) => at(b) - at(a))) {
    const bytes = bytesOf(place);
    if (rounds.length === 0 || bytes > room) {
      rounds.push([]);
      room = most;
    }
    rounds[rounds.length - 1].push(place);
    room -= bytes;
  }
  return rounds;
}

/** Bytes of a place's changed weights. */
function bytesOf({ compensation }: Place): number {
  return widthsOf(compensation).length * touchedBytes(compensation);
}

interface Source {
  model: Model;
  shapes: ShapeInfo;
}

/** Estimates of each of some places. */
async function estimateRound(
  { runtime, signal, batchSize, answers: kind }: Running,
  source: Source,
  {
    places,
    data,
    directions,
    algebra,
  }: Pick<GradientSensitivityOptions, 'data' | 'directions'> & { places: readonly Place[]; algebra: Algebra },
): Promise<SensitivityPoint[][]> {
  const tried: Awaited<ReturnType<typeof triedWidths>>[] = [];
  for (const { compensation } of places) tried.push(await triedWidths(compensation, algebra));
  const bySample = places.every(({ reach }) => countsSamples(reach.end, source));
  const changes = places.map(({ reach }, at) => ({ reach, weights: tried[at].map(({ weights }) => weights) }));
  const { model, products, rows } = sensitivityModel(source, changes, { directions, bySample, kind });
  const squares = tried.map((widths) => widths.map(() => 0));
  let answers = 0;
  const wide = places.reduce((sum, place) => sum + bytesOf(place), 0) > WIDE.bytes;
  const together = batchSize ?? (wide ? WIDE.batchSize : BATCH_SIZE);
  const run = { runtime, model, calibration: data, batchSize: bySample ? together : 1, signal };
  await runSamples(run, (found, { length: count }, size) => {
    answers += (count / size) * rows.reduce((sum, name) => sum + Number(found[name].data[0]), 0);
    for (const [at, name] of products.entries())
      addSquares(found[name], { samples: bySample ? count : 1, directions }, squares[at]);
  });
  return tried.map((widths, at) =>
    widths.map(({ width }, index) => ({
      width,
      divergence: squares[at][index] / (2 * directions * answers),
      estimated: true,
    })),
  );
}

/** Adds the squares of products [samples, widths, directions] by widths: samples that only fill a batch up do not count. */
function addSquares(
  { data }: RuntimeTensor,
  { samples, directions }: { samples: number; directions: number },
  squares: number[],
): void {
  const products = data as Float32Array;
  for (let at = 0; at < samples * squares.length * directions; at++)
    squares[Math.floor(at / directions) % squares.length] += products[at] ** 2;
}

function placesOf(whole: Model, sums: readonly string[], compensations: readonly Compensation[]): Place[] {
  const ends = new Set(sums.flatMap((name) => whole.graph.values.get(name) ?? []));
  return compensations.flatMap((compensation) => {
    const touched = compensation.touches.flatMap(({ name }) => whole.graph.values.get(name) ?? []);
    const reach = touched.length === compensation.touches.length ? reachOf(whole, touched, ends) : undefined;
    return reach ? [{ compensation, reach }] : [];
  });
}

/** The weights of each width that is tried. */
async function triedWidths(
  compensation: Compensation,
  algebra: Algebra,
): Promise<{ width: number; weights: ChangedWeights }[]> {
  const tried: { width: number; weights: ChangedWeights }[] = [];
  for (const width of widthsOf(compensation)) {
    const changed = await changedWeights(compensation, width, algebra);
    if (!changed) continue;
    const weights = [...changed].map(([{ name, tensor }, numbers]): [string, Tensor] => [
      name,
      Tensor.fromNumbers(tensor!.dataType, tensor!.dims, numbers),
    ]);
    tried.push({ width, weights: new Map(weights) });
  }
  return tried;
}

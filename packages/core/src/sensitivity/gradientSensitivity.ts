import { cloneModel, inferShapes, type Model, type ShapeInfo, Tensor } from '@snp/onnx';
import { batches, type Calibration, type Feeds, floatsOf, type RuntimeTensor } from '@snp/runtime';
import { Algebra } from '../algebra/algebra.js';
import type { Compensation } from '../compensation/compensation.js';
import type { Context } from '../context/context.js';
import { countsSamples } from '../layers/countsSamples.js';
import type { Sensitivity, SensitivityPoint } from '../statistics/sensitivity.js';
import { changedWeights } from './changedWeights.js';
import { type ChangedWeights, changeModel } from './changeModel.js';
import { type Reach, reachOf } from './reach.js';
import { recordingModel } from './recordingModel.js';
import { widthsOf } from './widths.js';

type Running = Pick<Context, 'analysis' | 'runtime' | 'batchSize' | 'signal'>;

/** Options of `gradientSensitivity`. */
export interface GradientSensitivityOptions {
  /** Of the groups to estimate. */
  compensations: readonly Compensation[];
  /** Samples to estimate on. */
  data: Calibration;
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Bytes of activations that are held at most: fewer samples are looked at where a model is wide. */
const MOST_BYTES = 1e9;

/** Samples per run. */
const BATCH_SIZE = 8;

/** Directions in which each answer is looked at. */
const DIRECTIONS = 2;

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
  { compensations, data, onProgress }: GradientSensitivityOptions,
): Promise<Sensitivity> {
  const { analysis, runtime, signal } = context;
  const whole = cloneModel(analysis.model);
  const shapes = inferShapes(whole);
  const places = placesOf(
    whole,
    analysis.branches.map(({ sum }) => sum.outputs[0]!.name),
    compensations,
  );
  if (places.length === 0) return {};
  const recorded = await record(context, { whole, shapes, places, data });
  const estimated: Record<string, SensitivityPoint[]> = {};
  const algebra = new Algebra(runtime);
  try {
    for (const place of places) {
      const { compensation, reach } = place;
      const tried = await triedWidths(compensation, algebra);
      const bySample = countsSamples(reach.end, { model: whole, shapes });
      const changes = tried.map(({ weights }) => weights);
      const part = changeModel(whole, { reach, changes, directions: DIRECTIONS, shapes, bySample });
      const session = await runtime.open(part.model, { signal });
      try {
        const sums = changes.map(() => 0);
        for (const { values, gradients, count } of recorded.batches) {
          const feeds: Feeds = {};
          for (const [name, input] of part.inputs) feeds[input] = values[name];
          for (const [at, input] of part.directions.entries()) feeds[input] = gradients[at][reach.end.name];
          const products = await session.run(feeds, { signal });
          for (const [at, names] of part.products.entries()) {
            for (const name of names) {
              const own = Array.from(floatsOf(products[name])!).slice(0, bySample ? count : 1);
              sums[at] += own.reduce((sum, product) => sum + product * product, 0);
            }
          }
        }
        estimated[compensation.group.id] = tried.map(({ width }, at) => ({
          width,
          divergence: sums[at] / (2 * DIRECTIONS * recorded.answers),
          estimated: true,
        }));
      } finally {
        await session.close();
      }
      onProgress?.(Object.keys(estimated).length, places.length);
    }
  } finally {
    await algebra.close();
  }
  return estimated;
}

function placesOf(whole: Model, sums: readonly string[], compensations: readonly Compensation[]): Place[] {
  const ends = new Set(sums.flatMap((name) => whole.graph.values.get(name) ?? []));
  return compensations.flatMap((compensation) => {
    const touched = compensation.touches.map(({ name }) => whole.graph.value(name));
    const reach = reachOf(whole, touched, ends);
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

/** What one batch of samples gave. */
interface Recorded {
  count: number;
  values: Readonly<Record<string, RuntimeTensor>>;
  /** Of each direction, by the name of the value. */
  gradients: readonly Readonly<Record<string, RuntimeTensor>>[];
}

/** Runs the model forth and back, and keeps what changes start from, where they end, and the gradients there. */
async function record(
  { runtime, signal, batchSize = BATCH_SIZE }: Running,
  { whole, shapes, places, data }: { whole: Model; shapes: ShapeInfo; places: readonly Place[]; data: Calibration },
): Promise<{ batches: Recorded[]; answers: number }> {
  const ends = [...new Set(places.map(({ reach }) => reach.end.name))];
  const kept = [...new Set(places.flatMap(({ reach }) => [...reach.frontier.map(({ name }) => name), reach.end.name]))];
  const { model, gradients, rows } = recordingModel(whole, { shapes, ends, kept, directions: DIRECTIONS });
  const apart = ends.every((name) => countsSamples(whole.graph.value(name), { model: whole, shapes }));
  const session = await runtime.open(model, { signal });
  try {
    const recorded: Recorded[] = [];
    let [bytes, answers] = [0, 0];
    for await (const { feeds, samples, size } of batches(data.samples(signal), apart ? batchSize : 1, session.inputs)) {
      const found: Feeds = await session.run(feeds, { signal });
      const values = Object.fromEntries(kept.map((name) => [name, found[name] ?? feeds[name]]));
      const own = gradients.map((byName) => Object.fromEntries(ends.map((name) => [name, found[byName[name]]])));
      recorded.push({ count: samples.length, values, gradients: own });
      const whole = rows.reduce((sum, name) => sum + Number(found[name].data[0]), 0);
      answers += (whole / size) * samples.length;
      bytes += Object.values(found).reduce((sum, { data }) => sum + (data as Float32Array).byteLength, 0);
      if (bytes > MOST_BYTES) break;
    }
    return { batches: recorded, answers };
  } finally {
    await session.close();
  }
}

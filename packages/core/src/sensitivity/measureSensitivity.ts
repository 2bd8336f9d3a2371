import { cloneModel, inferShapes, type Model, type ShapeInfo, SnpError, type Value } from '@snp/onnx';
import {
  type AnswerOutputs,
  answerOutputs,
  batches,
  type Calibration,
  type Feeds,
  isRefusal,
  pickTokensEarly,
  type RuntimeTensor,
  type Sample,
  type Session,
} from '@snp/runtime';
import { Algebra } from '../algebra/algebra.js';
import type { Compensation } from '../compensation/compensation.js';
import type { Context } from '../context/context.js';
import { firstSamples } from '../data/firstSamples.js';
import { addAnswers, answersIn, type BatchAnswers } from '../evaluate/answers.js';
import { FidelityMeter } from '../evaluate/fidelity.js';
import type { Sensitivity, SensitivityPoint } from '../statistics/sensitivity.js';
import { changedWeights, touchedBytes } from './changedWeights.js';
import { type TailModel, tailModel } from './tailModel.js';
import { widthsOf } from './widths.js';

type Running = Pick<Context, 'analysis' | 'runtime' | 'batchSize' | 'answers' | 'signal'>;

/** Options of `measureSensitivity`. */
export interface MeasureSensitivityOptions {
  /** Of the groups to measure. */
  compensations: readonly Compensation[];
  data: Calibration;
  /** Samples to measure on, the first ones. Default `SENSITIVITY_SAMPLES`. */
  samples?: number | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
  /** Told which groups are not measured because the runtime refuses the model for it. Default: that is an error. */
  onRefusal?: ((groups: readonly string[], refusal: SnpError) => void) | undefined;
}

/** Default of `samples`. On DeiT-Tiny at 0.73, 0.62 and 0.5 of the MACs 24 give a divergence of 0.20, 0.41 and 0.96, 64 give 0.17, 0.40 and 0.96. */
export const SENSITIVITY_SAMPLES = 48;

/** Samples per run: with each, changed weights travel anew. */
const BATCH_SIZE = 8;

/**
 * Measures what narrowing each group alone does to the model's answers, after compensation. What lies in front of a block runs once,
 * what lies behind it once per group and width.
 */
export async function measureSensitivity(context: Running, options: MeasureSensitivityOptions): Promise<Sensitivity> {
  const { analysis, runtime, signal } = context;
  const { compensations, onProgress, onRefusal } = options;
  const wide = onRefusal ? compensations.filter((own) => touchedBytes(own) > MOST_BYTES) : [];
  if (wide.length > 0) onRefusal!(idsOf(wide), tooWide(wide));
  const parts = partsOf(compensations.filter((own) => !wide.includes(own)));
  const whole = cloneModel(analysis.model);
  pickTokensEarly(whole);
  const shapes = inferShapes(whole);
  const tails = parts.map(({ weights }) => tailModel({ model: whole, shapes }, weights));
  const wanted = [...new Set(tails.flatMap(({ frontier }) => [...frontier.values()]))];
  const answering = answerOutputs(whole.graph.outputs, context.answers);
  const recorded = await record(context, whole, { ...options, shapes, names: wanted, answering });
  const measured: Record<string, SensitivityPoint[]> = {};
  const total = parts.reduce((sum, { compensations }) => sum + compensations.length, 0);
  const algebra = new Algebra(runtime);
  try {
    for (const [at, { compensations, weights }] of parts.entries()) {
      const { model, frontier } = tails[at];
      const measurePart = async () => {
        const session = await runtime.open(model, { signal });
        const answer = (changed: Feeds) => divergenceOf(recorded, changed, { session, frontier, answering, signal });
        try {
          for (const compensation of compensations) {
            const own: SensitivityPoint[] = [];
            for (const width of widthsOf(compensation)) {
              const changed = await tryOut(compensation, width, weights, algebra);
              if (changed) own.push({ width, divergence: await answer(changed) });
            }
            measured[compensation.group.id] = own;
            onProgress?.(Object.keys(measured).length, total);
          }
        } finally {
          await session.close();
        }
      };
      await measurePart().catch((error) => {
        if (!onRefusal || !isRefusal(error)) throw error;
        const missing = idsOf(compensations).filter((id) => !measured[id]);
        onRefusal(missing, error);
      });
    }
  } finally {
    await algebra.close();
  }
  return measured;
}

/** Bytes of weights that may travel for each width of a group that is tried: of a model of a billion parameters, the residual stream would take most of it. */
const MOST_BYTES = 1e9;

const idsOf = (compensations: readonly Compensation[]) => compensations.map(({ group }) => group.id);

function tooWide(wide: readonly Compensation[]): SnpError {
  const most = Math.max(...wide.map(touchedBytes));
  return new SnpError('limit', `${(most / 1e9).toFixed(1)} GB of weights would change with each width that is tried.`);
}

/** What of the original is to be kept. */
interface Recording extends Pick<MeasureSensitivityOptions, 'data' | 'samples'> {
  shapes: ShapeInfo;
  /** Of values. */
  names: readonly string[];
  answering: AnswerOutputs;
}

/** What a batch of the original gave. */
interface Recorded {
  /** Samples that it had, and how many it was filled up to. */
  samples: readonly Sample[];
  size: number;
  /** What tails start from, by name. */
  values: Feeds;
  answers: BatchAnswers;
}

/** How far the answers of a tail with changed weights are from what was recorded. */
async function divergenceOf(
  recorded: readonly Recorded[],
  changed: Feeds,
  {
    session,
    frontier,
    answering,
    signal,
  }: Pick<TailModel, 'frontier'> & {
    session: Session;
    answering: AnswerOutputs;
    signal: AbortSignal | undefined;
  },
): Promise<number> {
  const meter = new FidelityMeter(answering.kind);
  const fetches = session.outputs.flatMap(({ name }) => (answering.names.includes(name) ? [name] : []));
  if (fetches.length === 0) return 0;
  for (const { values, answers, ...batch } of recorded) {
    const feeds: Feeds = { ...changed };
    for (const [input, name] of frontier) feeds[input] = values[name];
    const outputs = await session.run(feeds, { fetches, signal });
    addAnswers(answers, answersIn(outputs, batch), meter);
  }
  return Math.max(0, meter.divergence);
}

/** Groups of one block are measured with one model: most of its run is the same. */
function partsOf(all: readonly Compensation[]): { compensations: Compensation[]; weights: Value[] }[] {
  const parts = new Map<number | string, Compensation[]>();
  for (const compensation of all) {
    if (compensation.touches.length === 0) continue;
    const key = compensation.group.block ?? compensation.group.id;
    parts.set(key, [...(parts.get(key) ?? []), compensation]);
  }
  return [...parts.values()].map((own) => ({
    compensations: own,
    weights: [...new Set(own.flatMap(({ touches }) => touches))],
  }));
}

/** All weights, as a compensation makes them for a width, by name. */
async function tryOut(
  compensation: Compensation,
  width: number,
  weights: readonly Value[],
  algebra: Algebra,
): Promise<Feeds | undefined> {
  const changed = await changedWeights(compensation, width, algebra);
  if (!changed) return undefined;
  return Object.fromEntries(
    weights.map((weight): [string, RuntimeTensor] => {
      const data = Float32Array.from(changed.get(weight) ?? weight.tensor!.numbers());
      return [weight.name, { type: 'FLOAT', dims: weight.tensor!.dims, data }];
    }),
  );
}

/** Runs the original once and keeps its answers and the values that tails start from. */
async function record(
  { runtime, signal, batchSize = BATCH_SIZE }: Running,
  original: Model,
  { data, samples = SENSITIVITY_SAMPLES, shapes, names, answering }: Recording,
): Promise<Recorded[]> {
  const model = cloneModel(original);
  const inputs = new Set(model.graph.inputs.map(({ name }) => name));
  for (const name of names) {
    const value = model.graph.value(name);
    if (inputs.has(name) || model.graph.outputs.includes(value)) continue;
    value.type = { elementType: shapes.elementType(original.graph.value(name)) ?? 'FLOAT', shape: undefined };
    model.graph.outputs.push(value);
  }
  const session = await runtime.open(model, { signal });
  try {
    const recorded: Recorded[] = [];
    const first = firstSamples(data, samples).samples(signal);
    for await (const { feeds, samples: own, size } of batches(first, batchSize, session.inputs)) {
      const found = await session.run(feeds, { signal });
      const outputs = Object.fromEntries(Object.entries(found).filter(([name]) => answering.names.includes(name)));
      const batch = { samples: own, size };
      recorded.push({ ...batch, values: { ...feeds, ...found }, answers: answersIn(outputs, batch) });
    }
    return recorded;
  } finally {
    await session.close();
  }
}

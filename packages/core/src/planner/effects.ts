import { cloneModel, inferShapes, type Model, type ShapeInfo, type SnpError, type Tensor, type Value } from '@snp/onnx';
import {
  batches,
  type Calibration,
  type Feeds,
  isRefusal,
  padHidden,
  pickTokensEarly,
  type Runtime,
  type RuntimeTensor,
  type Session,
} from '@snp/runtime';
import { Algebra } from '../algebra/algebra.js';
import { addAnswers, answersIn, type BatchAnswers } from '../evaluate/answers.js';
import { FidelityMeter } from '../evaluate/fidelity.js';
import { laneWidth } from '../plan/widths.js';
import type { RecoveryMethod } from '../recovery/method.js';
import type { Recovery } from '../recovery/recovery.js';
import { firstSamples } from '../statistics/firstSamples.js';
import { type TailModel, tailModel } from './tailModel.js';

/** One measured point: how much the model's answers change when one group alone becomes narrower and recovers. */
export interface Effect {
  /** Units per head that stay. */
  width: number;
  /** Mean Kullback-Leibler divergence of the answers from the original's, in nats. */
  divergence: number;
}

/** Measured effects by group, wider first. */
export type Effects = Readonly<Record<string, readonly Effect[]>>;

/** Options of `measureEffects`. */
export interface MeasureEffectsOptions {
  recovery: Recovery;
  /** What to measure. Default: all groups of neurons. */
  methods?: readonly RecoveryMethod[] | undefined;
  runtime: Runtime;
  calibration: Calibration;
  /** Samples to measure on, the first ones. Default `EFFECT_SAMPLES`. */
  samples?: number | undefined;
  batchSize?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
  /** Told which groups are not measured because the runtime refuses the model for it. Default: that is an error. */
  onRefusal?: ((groups: readonly string[], refusal: SnpError) => void) | undefined;
}

/** Default of `samples`. On DeiT-Tiny at 0.73, 0.62 and 0.5 of the MACs 24 give a divergence of 0.20, 0.41 and 0.96, 64 give 0.17, 0.40 and 0.96. */
export const EFFECT_SAMPLES = 48;

/** Samples per run: with each, changed weights travel anew. */
const BATCH_SIZE = 8;

/** Shares of the full width at which a group's effect is measured. */
const SHARES = [3 / 4, 1 / 2, 1 / 4];

/**
 * Measures what narrowing each group alone does to the model's answers, after recovery. What lies in front of a block runs once,
 * what lies behind it once per group and width.
 */
export async function measureEffects(options: MeasureEffectsOptions): Promise<Effects> {
  const { recovery, runtime, signal, onProgress, onRefusal } = options;
  const parts = partsOf(options.methods ?? [...recovery.methods.values()]);
  const whole = cloneModel(recovery.analysis.model);
  pickTokensEarly(whole);
  const shapes = inferShapes(whole);
  const tails = parts.map(({ weights }) => tailModel({ model: whole, shapes }, weights));
  const wanted = [...new Set(tails.flatMap(({ frontier }) => [...frontier.values()]))];
  const recorded = await record(whole, shapes, wanted, options);
  const effects: Record<string, Effect[]> = {};
  const total = parts.reduce((sum, { methods }) => sum + methods.length, 0);
  const algebra = new Algebra(runtime);
  try {
    for (const [at, { methods, weights }] of parts.entries()) {
      const { model, frontier } = tails[at];
      const measurePart = async () => {
        padHidden(model);
        const session = await runtime.open(model, { signal });
        const answer = (changed: Feeds) => divergenceOf(recorded, changed, { session, frontier, signal });
        try {
          for (const method of methods) {
            const own: Effect[] = [];
            for (const width of widthsOf(method)) {
              const changed = await tryOut(method, width, weights, algebra);
              if (changed) own.push({ width, divergence: await answer(changed) });
            }
            effects[method.group.id] = own;
            onProgress?.(Object.keys(effects).length, total);
          }
        } finally {
          await session.close();
        }
      };
      await measurePart().catch((error) => {
        if (!onRefusal || !isRefusal(error)) throw error;
        const missing = methods.map(({ group }) => group.id).filter((id) => !effects[id]);
        onRefusal(missing, error);
      });
    }
  } finally {
    await algebra.close();
  }
  return effects;
}

/** What a batch of the original gave. */
interface Recorded {
  /** Samples that it had, and that it was filled up to. */
  count: number;
  size: number;
  /** What tails start from, by name. */
  values: Feeds;
  answers: BatchAnswers;
}

/** How far the answers of a tail with changed weights are from what was recorded. */
async function divergenceOf(
  recorded: readonly Recorded[],
  changed: Feeds,
  { session, frontier, signal }: Pick<TailModel, 'frontier'> & { session: Session; signal: AbortSignal | undefined },
): Promise<number> {
  const meter = new FidelityMeter();
  for (const { values, answers, ...batch } of recorded) {
    const feeds: Feeds = { ...changed };
    for (const [input, name] of frontier) feeds[input] = values[name];
    const outputs = await session.run(feeds, { signal });
    addAnswers(answers, answersIn(outputs, batch), outputs, meter);
  }
  return Math.max(0, meter.result.divergence);
}

/** Groups of one block are measured with one model: most of its run is the same. */
function partsOf(methods: readonly RecoveryMethod[]): { methods: RecoveryMethod[]; weights: Value[] }[] {
  const parts = new Map<number | string, RecoveryMethod[]>();
  for (const method of methods) {
    if (method.touches.length === 0) continue;
    const key = method.group.block ?? method.group.id;
    parts.set(key, [...(parts.get(key) ?? []), method]);
  }
  return [...parts.values()].map((own) => ({
    methods: own,
    weights: [...new Set(own.flatMap(({ touches }) => touches))],
  }));
}

function widthsOf({ group }: RecoveryMethod): number[] {
  const full = laneWidth(group);
  if (group.kind === 'block') return [0];
  const widths = SHARES.map((share) => Math.max(1, Math.round(full * share)));
  return [...new Set(widths)].filter((width) => width < full);
}

/** All weights, as a method makes them for a width, by name; the model's own stay as they were. */
async function tryOut(
  method: RecoveryMethod,
  width: number,
  weights: readonly Value[],
  algebra: Algebra,
): Promise<Feeds | undefined> {
  const before = new Map<Value, Tensor>(weights.map((value) => [value, value.tensor!]));
  try {
    if (!(await method.apply(method.select(width), algebra))) return undefined;
    return Object.fromEntries(weights.map((value) => [value.name, feedOf(value.tensor!)]));
  } finally {
    for (const [value, tensor] of before) value.tensor = tensor;
  }
}

function feedOf(tensor: Tensor): RuntimeTensor {
  return { type: 'FLOAT', dims: tensor.dims, data: Float32Array.from(tensor.numbers()) };
}

/** Runs the original once and keeps its answers and the values that tails start from. */
async function record(
  original: Model,
  shapes: ShapeInfo,
  names: readonly string[],
  { runtime, calibration, signal, samples = EFFECT_SAMPLES, batchSize = BATCH_SIZE }: MeasureEffectsOptions,
): Promise<Recorded[]> {
  const model = cloneModel(original);
  const inputs = new Set(model.graph.inputs.map(({ name }) => name));
  const answering = new Set(model.graph.outputs.map(({ name }) => name));
  for (const name of names) {
    const value = model.graph.value(name);
    if (inputs.has(name) || model.graph.outputs.includes(value)) continue;
    value.type = { elementType: shapes.elementType(original.graph.value(name)) ?? 'FLOAT', shape: undefined };
    model.graph.outputs.push(value);
  }
  const session = await runtime.open(model, { signal });
  try {
    const recorded: Recorded[] = [];
    const first = firstSamples(calibration, samples).samples(signal);
    for await (const { feeds, samples: own, size } of batches(first, batchSize, session.inputs)) {
      const found = await session.run(feeds, { signal });
      const outputs = Object.fromEntries(Object.entries(found).filter(([name]) => answering.has(name)));
      const batch = { count: own.length, size };
      recorded.push({ ...batch, values: { ...feeds, ...found }, answers: answersIn(outputs, batch) });
    }
    return recorded;
  } finally {
    await session.close();
  }
}

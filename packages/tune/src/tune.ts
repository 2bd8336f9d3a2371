import { type Model, SnpError } from '@snp/onnx';
import {
  type Calibration,
  Hash,
  type HoldingRuntime,
  onnxRuntime,
  type Sample,
  type TensorInfo,
  tensorInputs,
} from '@snp/runtime';
import type { RunIdentity } from './checkpoint/checkpoint.js';
import { checkResumable } from './checkpoint/checkResumable.js';
import { checkPictures } from './data/augment.js';
import { checkLabels } from './data/labels.js';
import { BatchOrder, seedOf } from './data/order.js';
import { type Divided, divide, LEAST_SAMPLES, readSamples } from './data/samples.js';
import type { Figures } from './figures.js';
import type { Comparison } from './graph/prepared.js';
import { stepModel } from './graph/stepModel.js';
import type { Trainable } from './graph/trainable.js';
import { classesOf, labelledOutput, lossesOf } from './graph/trainedAnswers.js';
import { type Settings, settingsOf, type TuneOptions } from './options.js';
import type { TuneResult } from './result.js';
import { batchSizes } from './run/batchSizes.js';
import { chooseRate } from './run/chooseRate.js';
import { HeldBack, HeldBackSession } from './run/heldBack.js';
import { Run } from './run/run.js';
import { Teacher } from './run/teacher.js';
import { Training } from './run/training.js';
import { withWeights } from './withWeights.js';

/** A loss that is measured again may differ by so much of itself: the runtime puts operators together where weights are constants. */
const TOLERANCE = 1e-3;

/**
 * Trains a pruned model, the student, towards the model that it was pruned from, its teacher, on inputs without labels (distillation, Hinton et al. 2015): forward, back and AdamW are one ONNX model.
 * A part of the samples is held back and never trained on. What comes back is the best state on it, and nothing where that is no better than the student. The student is left as it is.
 *
 * @throws SnpError `unsupported` where the gradient passes an operator without a rule, or weights are no float32 numbers; `calibration` for data that do not fit, or too few; `invalid-argument` for a
 * teacher of other inputs and outputs, or an unknown option; `aborted` by `signal`.
 * @example
 * const student = await readModel('pruned.onnx');
 * const data = await images('pictures/');
 * const { model, before, after } = await tune(student, { teacher: 'original.onnx', data, epochs: 5 });
 * if (model) await writeModel(model, 'tuned.onnx');
 * console.log(before.loss, after.loss);
 */
export async function tune(student: Model, options: TuneOptions): Promise<TuneResult> {
  let started = performance.now();
  const settings = settingsOf(options);
  const { data, signal, onProgress, seed, runtime = onnxRuntime() } = settings;
  const inputs = tensorInputs(student);
  const losses = lossesOf(student, settings.losses);
  const labels = settings.labels > 0 ? { output: labelledOutput(student, losses), share: settings.labels } : undefined;
  const { trained, heldBack: held } = await dividedSamples(settings, inputs);
  const samples = [...trained, ...held];
  if (labels) checkLabels(samples, classesOf(student, labels.output));
  const augment = settings.augment ?? data.pictures === true;
  if (augment) checkPictures(samples);
  const outputs = Object.keys(losses);
  const { batchSize, memory } = settings;
  const sizes = { inputs, outputs, trained: trained.length, batchSize, memory };
  const { stacking, parts } = batchSizes(student, samples, sizes);
  const teacher = await Teacher.open(settings.teacher, { inputs }, { outputs, runtime, signal });
  const open: { close(): Promise<void> }[] = [teacher.session];
  try {
    const heldBack = await HeldBack.open(teacher, held, {
      stacking,
      signal,
      onDone: (done, total) => onProgress?.({ step: 'teach', done, total }),
    });
    open.unshift(heldBack);
    const comparison: Comparison = {
      answers: outputs.map((output) => ({ output, loss: losses[output], variance: heldBack.variance(output) })),
      temperature: settings.temperature,
      labels,
      inputShapes: stacking.inputShapes,
    };
    const step = stepModel(student, comparison, { ...settings, parts });
    checkStored(student, step.weights);
    const order = new BatchOrder(trained.length, parts * stacking.size, seed);
    const training = await Training.open(step, {
      runtime,
      teacher,
      signal,
      data: { samples: trained, stacking, order, augment, seed },
    });
    open.unshift(training);
    const weights = step.weights.map(({ name }) => name);
    const figures = await HeldBackSession.open(student, comparison, { weights, batch: stacking.size, runtime, signal });
    open.unshift(figures.session);
    const measure = (kind: 'weight' | 'average') => heldBack.figures(figures, training.weights(kind));
    const measured = await measure('weight');
    const before = figuresOf(measured);
    const { resume, onCheckpoint } = settings;
    // All samples are read for it, and only checkpoints ask for it.
    const identity =
      resume || onCheckpoint
        ? identityOf(settings, { batchSize: order.batch, parts, augment, losses, samples })
        : undefined;
    if (resume && identity) {
      checkResumable(resume, { run: identity, before, weights: step.weights });
      await training.resume(resume);
      started = performance.now() - resume.progress.elapsed;
    }
    const { rate, tried } = resume?.progress ?? (await chooseRate({ training, measure, order, settings, started }));
    const run = new Run(
      { training, measure, order, settings, started, identity, rate, tried, before: measured },
      resume,
    );
    const ended = await run.go();
    const best = run.best && withWeights(student, run.best.weights);
    const after = run.best && figuresOf(run.best.figures);
    if (best) await check(best, after!, { comparison, heldBack, batch: stacking.size, runtime, signal });
    return {
      model: best,
      before,
      after: after ?? before,
      history: run.history,
      rate,
      tried,
      steps: run.course.taken,
      stepsPerEpoch: order.stepsPerEpoch,
      batchSize: order.batch,
      parts,
      samples: { trained: trained.length, heldBack: held.length },
      skipped: [...data.skipped, ...(settings.validation?.skipped ?? [])],
      weights: weights.length,
      parameters: step.weights.reduce((sum, { tensor }) => sum + tensor.size, 0),
      augmented: augment,
      losses,
      labels: settings.labels,
      ended,
      resumedAt: resume?.progress.taken,
      seconds: (performance.now() - started) / 1000,
      secondsPerStep: run.course.secondsPerStep,
    };
  } finally {
    for (const each of open) await each.close();
  }
}

/** Samples to train on, and to choose by. */
async function dividedSamples(
  { data, validation, heldBack, seed, signal, onProgress }: Settings,
  inputs: readonly TensorInfo[],
): Promise<Divided> {
  const read = (from: Calibration) =>
    readSamples(from, inputs, { signal, onRead: (done) => onProgress?.({ step: 'read', done, total: from.count }) });
  if (!validation) return divide(await read(data), { share: heldBack, seed: seedOf(seed, -1) });
  const divided = { trained: await read(data), heldBack: await read(validation) };
  for (const [samples, what] of [
    [divided.trained, 'to train on'],
    [divided.heldBack, 'to choose by'],
  ] as const)
    if (samples.length < LEAST_SAMPLES)
      throw new SnpError(
        'calibration',
        `There are ${samples.length} samples ${what}, and at least ${LEAST_SAMPLES} are needed. Give more.`,
      );
  return divided;
}

function figuresOf({ loss, agreement, accuracy }: Figures): Figures {
  return { loss, agreement, ...(accuracy !== undefined && { accuracy }) };
}

function identityOf(
  { epochs, time, rate, seed, heldBack, temperature, weightDecay, clip, labels }: Settings,
  found: Pick<RunIdentity, 'batchSize' | 'parts' | 'augment' | 'losses'> & { samples: readonly Sample[] },
): RunIdentity {
  const hash = new Hash();
  for (const sample of found.samples) {
    hash.addSample(sample);
    hash.addText(String(sample.label));
  }
  const given = { epochs, time, rate, seed, heldBack, temperature, weightDecay, clip, labels };
  return { ...given, ...found, samples: hash.toString() };
}

/** Weights that standard form made of others cannot be written back. */
function checkStored({ graph }: Model, weights: readonly Trainable[]): void {
  const lost = weights.find(({ name, tensor }) => {
    const value = graph.values.get(name);
    const stored = value?.tensor ?? value?.producer?.tensor('value');
    return stored?.dims.join() !== tensor.dims.join();
  });
  if (lost)
    throw new SnpError(
      'unsupported',
      `'${lost.name}' is computed from weights while the model is brought into standard form, and cannot be trained.`,
      { value: lost.name },
    );
}

/** Measures what was found once more, as it will be written. */
async function check(
  model: Model,
  expected: Figures,
  {
    heldBack,
    comparison,
    ...options
  }: {
    heldBack: HeldBack;
    comparison: Comparison;
    batch: number;
    runtime: HoldingRuntime;
    signal: AbortSignal | undefined;
  },
): Promise<void> {
  const session = await HeldBackSession.open(model, comparison, options);
  try {
    const { loss } = await heldBack.figures(session);
    if (Math.abs(loss - expected.loss) <= TOLERANCE * expected.loss + 1e-7) return;
    throw new SnpError(
      'runtime',
      `The tuned model has a loss of ${loss} on held-back samples, while ${expected.loss} was measured in training: something is wrong, and nothing is given out.`,
    );
  } finally {
    await session.session.close();
  }
}

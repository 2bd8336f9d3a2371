import { join } from 'node:path';
import type { Analysis, LatencySource, Model } from '@snp/core';
import { anyUnits, type LatencyModel, type LatencySourceOptions, modelContent, type Widths } from '@snp/core/planning';
import { applyPlan } from '@snp/core/stages';
import { SnpError } from '@snp/onnx';
import { withTemporaryFolder, writeModel } from '@snp/onnx/node';
import { measure } from '../measure/measure.js';
import { PROTOCOLS, type Protocol } from '../protocol/protocol.js';
import type { BenchResult, MeasuredModel } from '../result/schema.js';
import type { InputSizes, Target } from '../target/target.js';
import { designPlans } from './designPlans.js';
import { fitLatency, type LatencyTable } from './latencyTable.js';

/** Options of `latencyOn` and `profileWidths`. */
export interface LatencyOptions {
  /** Sizes of free dimensions of inputs. Default batch 1. */
  inputs?: InputSizes | undefined;
  /** How results are checked. Default: five launches, 100 runs. */
  protocol?: Protocol | undefined;
  /** Measurements made before. Default: made when they are needed. */
  table?: LatencyTable | undefined;
}

/** Mixed plans that are measured. */
const MIXED = 24;
/** Models that are measured beside the original at a time. */
const AT_ONCE = 4;

const SAMPLING: Protocol = {
  ...PROTOCOLS.quick,
  name: 'profile',
  launches: 2,
  warmUp: { runs: 4 },
  turn: 8,
  runs: 32,
};

const CHECKING: Protocol = {
  ...PROTOCOLS.default,
  name: 'check',
  launches: 5,
  runs: 100,
  leastSeconds: 1,
  selfCheck: false,
};

/**
 * Latency on a target, for budgets of `prune`.
 *
 * @example
 * const latency = { share: 0.6, on: latencyOn(onnxRuntimeTarget()) };
 * const result = await prune('deit_small.onnx', { calibration, latency });
 */
export function latencyOn(target: Target, options: LatencyOptions = {}): LatencySource {
  const { inputs = { batch: 1 }, protocol = CHECKING } = options;
  return {
    name: target.name,
    async learn(analysis, own) {
      const table = options.table ?? (await profileWidths(analysis, target, { ...options, ...own }));
      return fitLatency(analysis, table);
    },
    async compare(original, pruned, own) {
      const { models } = await measureModels([original, pruned], target, inputs, protocol, own);
      const [before, after] = models.map(requireMeasured);
      const statistic = protocol.statistic;
      return {
        before: before.summary[statistic],
        after: after.summary[statistic],
        ratio: 1 / after.speedUp!.ratio,
      };
    },
  };
}

/** Samples that are off the fit by so many times what is usual are measured again, once: a machine that is busy for a second makes them wrong by a quarter. */
const DOUBTFUL = 3;

/**
 * Measures how a model's latency depends on the widths of its groups: a few dozen pruned forms of it against the original.
 *
 * @throws SnpError `runtime` if the target is not there or does not run the original.
 */
export async function profileWidths(
  analysis: Analysis,
  target: Target,
  { inputs = { batch: 1 }, onProgress, signal }: LatencyOptions & LatencySourceOptions = {},
): Promise<LatencyTable> {
  const whole = applyPlan(analysis, anyUnits(analysis, {}));
  const full: number[] = [];
  let device = '';
  const sample = async (plans: readonly Widths[]): Promise<LatencyTable['samples']> => {
    const models = plans.map((widths) => applyPlan(analysis, anyUnits(analysis, widths)));
    const result = await measureModels([whole, ...models], target, inputs, SAMPLING, { signal });
    const [before, ...after] = result.models;
    full.push(requireMeasured(before).summary.median);
    device = `${result.device.cores} x ${result.device.cpu}`;
    return plans.flatMap((widths, at) => {
      const model = after[at];
      return model.state === 'measured' ? [{ widths, ratio: 1 / model.speedUp!.ratio }] : [];
    });
  };
  const inTurn = async (plans: readonly Widths[], told: (done: number) => void) => {
    const samples: LatencyTable['samples'] = [];
    for (let from = 0; from < plans.length; from += AT_ONCE) {
      told(from);
      samples.push(...(await sample(plans.slice(from, from + AT_ONCE))));
    }
    return samples;
  };
  const plans = designPlans(analysis, MIXED, 1);
  const samples = [{ widths: {}, ratio: 1 }, ...(await inTurn(plans, (done) => onProgress?.(done, plans.length)))];
  const table = (): LatencyTable => ({
    format: 'snp-latency',
    version: 1,
    model: modelContent(analysis.model),
    target: target.name,
    date: new Date().toISOString(),
    device,
    inputs: { batch: inputs.batch, ...(inputs.dims && { dims: { ...inputs.dims } }) },
    fullMs: full.sort((a, b) => a - b)[full.length >> 1],
    samples,
  });
  const doubtful = outlying(samples, fitLatency(analysis, table()));
  const total = plans.length + doubtful.length;
  const again = await inTurn(doubtful, (done) => onProgress?.(plans.length + done, total));
  for (const { widths, ratio } of again) samples.find((one) => one.widths === widths)!.ratio = ratio;
  return table();
}

/** Widths whose measurement is far from what all together say. */
function outlying(samples: LatencyTable['samples'], fitted: LatencyModel): Widths[] {
  const residuals = samples.map(({ widths, ratio }) => Math.abs(fitted.at(widths) / ratio - 1));
  const usual = [...residuals].sort((a, b) => a - b)[residuals.length >> 1];
  return samples.flatMap(({ widths }, at) => (residuals[at] > DOUBTFUL * usual ? [widths] : []));
}

/** Measures models that are no files yet. */
async function measureModels(
  models: readonly Model[],
  target: Target,
  inputs: InputSizes,
  protocol: Protocol,
  { signal, onProgress }: LatencySourceOptions = {},
): Promise<BenchResult> {
  return withTemporaryFolder(async (folder) => {
    const files = models.map((_, at) => ({ name: String(at), path: join(folder, `${at}.onnx`), inputs }));
    for (const [at, model] of models.entries()) await writeModel(model, files[at].path);
    return measure({
      models: files,
      target,
      protocol,
      signal,
      onProgress: ({ step, done, total }) => step === 'measure' && onProgress?.(done, total),
    });
  });
}

function requireMeasured(model: BenchResult['models'][number]): MeasuredModel {
  if (model.state === 'measured') return model;
  throw new SnpError('runtime', `The target does not run the model: ${model.error}`);
}

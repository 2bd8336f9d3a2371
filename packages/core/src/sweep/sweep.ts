import type { Analysis } from '@snp/graph';
import { type Model, SnpError } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import { ANSWER_KINDS, type Calibration, onnxRuntime, type Runtime } from '@snp/runtime';
import { type CostBudget, checkBudget } from '../allocation/budget.js';
import { prepare } from '../context/prepare.js';
import type { OnProgress } from '../context/progress.js';
import { compareModels } from '../evaluate/compareModels.js';
import { topOne } from '../evaluate/evaluate.js';
import type { Fidelity } from '../evaluate/fidelity.js';
import { type LatencyRatio, latencyRatio } from '../evaluate/latencyRatio.js';
import { checkOptions, type OptionFields } from '../options/checkOptions.js';
import * as is from '../options/fields.js';
import { type PruneOptions, prune } from '../pipeline/prune.js';
import type { PruneResult } from '../pipeline/pruneResult.js';
import { takesData } from '../report/newForms.js';
import type { CostReport } from '../report/report.js';
import type { CalibrationStatistics } from '../statistics/statistics.js';
import { CacheForms } from '../verify/cacheForms.js';
import { inputsFor } from '../verify/inputs/inputsFor.js';

/** One budget and what came of it. */
export interface SweepPoint {
  budget: CostBudget;
  cost: { before: CostReport; after: CostReport };
  /** One input, original and pruned model in turns on this machine. */
  latency: LatencyRatio;
  /** How alike the answers are on `data`; absent without data, or where past keys and values have a new form, which the data do not have. */
  fidelity?: Fidelity;
  /** Share of right answers of both models; absent without labels. */
  top1?: { before: number; after: number };
}

/** Options of `sweep`. */
export interface SweepOptions
  extends Pick<
    PruneOptions,
    | 'round'
    | 'least'
    | 'answers'
    | 'batchSize'
    | 'dims'
    | 'verify'
    | 'narrowCache'
    | 'criterion'
    | 'plugins'
    | 'pluginTimeout'
  > {
  /** What `calibrate` gathered. */
  statistics: CalibrationStatistics;
  budgets: readonly CostBudget[];
  /** Typical inputs that `statistics` know already, to set the outputs' means right. */
  calibration?: Calibration | undefined;
  /** Other inputs, labelled or not, to see what each budget costs. */
  data?: Calibration | undefined;
  /** Default: onnxruntime in a child process. */
  runtime?: Runtime | undefined;
  onProgress?: OnProgress | undefined;
  signal?: AbortSignal | undefined;
}

const SWEEP_FIELDS: OptionFields<SweepOptions> = {
  statistics: is.statistics,
  budgets: is.list,
  calibration: is.calibration,
  data: is.calibration,
  round: is.count,
  least: is.numbersByName,
  answers: is.oneOf(ANSWER_KINDS),
  batchSize: is.count,
  dims: is.numbersByName,
  verify: is.flag,
  narrowCache: is.flag,
  criterion: is.anything,
  plugins: is.anything,
  pluginTimeout: is.anything,
  runtime: is.runtime,
  onProgress: is.anyFunction,
  signal: is.signal,
};

/**
 * Checks, before long work, that a sweep's budgets can be met. What plug-ins bring may do what neurons cannot: with them nothing is checked here.
 *
 * @throws SnpError `invalid-argument` for a budget that no widths meet, with what can be pruned.
 */
export function checkBudgets(
  analysis: Analysis,
  { budgets, round, plugins = [] }: Pick<SweepOptions, 'budgets' | 'round' | 'plugins'>,
): void {
  if (plugins.length > 0) return;
  for (const budget of budgets) checkBudget(analysis, budget, { round });
}

/**
 * Prunes a model to many budgets with one calibration, and measures each result: the trade-off between cost, latency and answers.
 *
 * @param onPoint Called with each point as soon as it is there, and with what made it.
 * @throws SnpError as `prune`.
 * @example
 * const statistics = await calibrateModel(model, { calibration });
 * const points = await sweep(model, { statistics, budgets: [{ macs: 0.8 }, { macs: 0.6 }], data: calibration });
 */
export async function sweep(
  source: string | Model,
  options: SweepOptions,
  onPoint?: (point: SweepPoint, result: PruneResult) => void | Promise<void>,
): Promise<SweepPoint[]> {
  checkOptions('sweep', options, SWEEP_FIELDS);
  const { budgets, data, signal, onProgress, ...pruning } = options;
  if (budgets.length === 0) throw new SnpError('invalid-argument', 'There are no budgets to sweep over.');
  const runtime = options.runtime ?? onnxRuntime();
  const original = typeof source === 'string' ? await readModel(source) : source;
  const analysis = prepare(original, { narrowCache: options.narrowCache });
  checkBudgets(analysis, options);
  const before = await runtime.open(original, { signal });
  const points: SweepPoint[] = [];
  try {
    const feeds = await inputsFor(analysis, before, { data: options.calibration ?? data, dims: options.dims, signal });
    const right = data && (await topOne(before, data, options));
    for (const budget of budgets) {
      const result = await prune(original, { ...pruning, signal, onProgress, runtime, budget, holdBack: false });
      const after = await runtime.open(result.model, { signal });
      try {
        const forms = new CacheForms(analysis, result.plan);
        // Data may hold a past in its old form.
        const comparable = data && (await takesData(data, result.report.forms ?? [], signal)) ? data : undefined;
        const fidelity =
          comparable &&
          (await compareModels(original, result.model, {
            ...options,
            data: comparable,
            runtime,
            onProgress: progress,
          }));
        const still = right === undefined || !comparable ? undefined : await topOne(after, comparable, options);
        const point: SweepPoint = {
          budget,
          cost: result.report.cost,
          latency: await latencyRatio([before, after], [feeds, forms.narrowed(feeds)], { signal }),
          ...(fidelity && { fidelity }),
          ...(right !== undefined && still !== undefined && { top1: { before: right, after: still } }),
        };
        points.push(point);
        await onPoint?.(point, result);
      } finally {
        await after.close();
      }
    }
  } finally {
    await before.close();
  }
  return points;

  function progress(done: number, total: number | undefined) {
    onProgress?.({ step: 'compare', done, total });
  }
}

import { readdir } from 'node:fs/promises';
import { latencyOn } from '@snp/bench';
import {
  apply,
  type CompensationKind,
  type CostBudget,
  criterionByName,
  type LatencyBudget,
  loadStatistics,
  type Plan,
  type Progress,
  type PruneReport,
  prune as pruneModel,
  type Ratios,
  renderReport,
  type Tuner,
} from '@snp/core';
import type { LeastShares } from '@snp/core/planning';
import { writeTextWhole } from '@snp/onnx/node';
import { onnxRuntime } from '@snp/runtime';
import { type FiguresAt, tuner } from '@snp/tune';
import { deviceTarget } from './deviceTarget.js';
import { openTaskData, openTaskModel, type SampleOptions } from './inputs.js';
import { type PluginName, pluginsOf } from './plugins.js';
import { HTML, JSON_TYPE, ONNX, PLACES, type TaskContext, type TaskFile, type TaskFunction } from './task.js';

export interface PruneTaskOptions {
  /** Name of the model for the report. */
  model: string;
  /** File name of the result. */
  output: string;
  preset?: string | undefined;
  ratios?: Ratios | undefined;
  budget?: CostBudget | undefined;
  /** What may be left of the latency, as the job's device measures it. */
  latency?: { name: string; share?: number | undefined; ms?: number | undefined } | undefined;
  plan?: Plan | undefined;
  statistics: boolean;
  samples?: SampleOptions | undefined;
  plugins?: readonly PluginName[] | undefined;
  criterion?: string | undefined;
  seed?: number | undefined;
  /** Kind of compensation. */
  recovery?: CompensationKind | undefined;
  allocation?: 'planned' | 'even' | undefined;
  least?: LeastShares | undefined;
  round?: number | undefined;
  holdBack?: boolean | undefined;
  /** How long the pruned model is trained. */
  tune?: { minutes: number } | { epochs: number } | undefined;
}

/** Prunes a model exactly as `snp prune` does with the same options, or `snp apply` by a plan. */
export const prune: TaskFunction<PruneTaskOptions> = async (options, context) => {
  const model = await openTaskModel();
  const { criterion, seed, samples, output, preset, ratios, budget, plan, allocation, least, round } = options;
  const common = {
    compensation: options.recovery,
    calibration: samples && (await openTaskData(model, samples)),
    statistics: options.statistics ? await loadStatistics(PLACES.statistics(0)) : undefined,
    batchSize: samples?.batch,
    holdBack: options.holdBack,
    tune: tunerOf(options, context),
    runtime: onnxRuntime(),
    name: options.model,
    onProgress: ({ step, done, total }: Progress) => context.progress({ step, done, total: total ?? null }),
  };
  const result = plan
    ? await apply(model, plan, common)
    : await pruneModel(model, {
        ...common,
        preset,
        ratios,
        budget,
        latency: latencyOf(options, context),
        plugins: pluginsOf(options.plugins, preset),
        allocation,
        least,
        round,
        criterion: criterion === undefined ? undefined : criterionByName(criterion, seed === undefined ? {} : { seed }),
      });
  context.progress({ step: 'write', done: 0, total: null });
  await result.write(`${PLACES.output}/${output}`);
  for (const warning of result.report.warnings) context.log('warn', warning);
  await writeReport(result.report);
  return { result: summary(result.report), files: [...(await modelFiles(output)), ...REPORT] };
};

function tunerOf({ tune }: PruneTaskOptions, { log }: TaskContext): Tuner | undefined {
  if (!tune) return undefined;
  const length = 'minutes' in tune ? { time: 60_000 * tune.minutes } : { epochs: tune.epochs };
  const onFigures = ({ epoch, loss, of }: FiguresAt) =>
    log('info', `epoch ${epoch.toFixed(1)}: loss ${loss.toPrecision(4)} on samples that choose (${of})`);
  return tuner({ ...length, onFigures });
}

function latencyOf({ latency }: PruneTaskOptions, context: TaskContext): LatencyBudget | undefined {
  if (!latency) return undefined;
  const on = latencyOn(deviceTarget(latency.name, context), { inputs: { batch: 1 } });
  return latency.ms === undefined ? { on, share: latency.share! } : { on, ms: latency.ms };
}

const REPORT: readonly TaskFile[] = [
  { name: 'plan.json', type: JSON_TYPE },
  { name: 'report.json', type: JSON_TYPE },
  { name: 'report.html', type: HTML },
];

async function writeReport(report: PruneReport): Promise<void> {
  const texts = [
    `${JSON.stringify(report.plan, null, 1)}\n`,
    `${JSON.stringify(report, null, 1)}\n`,
    renderReport(report),
  ];
  for (const [at, { name }] of REPORT.entries()) await writeTextWhole(`${PLACES.output}/${name}`, texts[at]);
}

/** The model's file, and its data file where it has one. */
export async function modelFiles(output: string): Promise<TaskFile[]> {
  const names = await readdir(PLACES.output);
  return [output, `${output}.data`].filter((name) => names.includes(name)).map((name) => ({ name, type: ONNX }));
}

function summary(report: PruneReport) {
  return {
    criterion: report.criterion,
    recovery: report.compensation,
    budget: report.budget,
    cost: report.cost,
    blocks: report.blocks.map(({ block, before, after }) => ({ block: block ?? null, before, after })),
    groups: report.groups.map(({ id, kind, block, lanes, before, after }) => ({
      id,
      kind,
      block: block ?? null,
      lanes,
      before,
      after,
    })),
    fidelity: report.fidelity ?? null,
    tradeOff: report.planning?.tradeOff ?? null,
    latency: report.latency ?? null,
    tuning: report.tuning ?? null,
    samples: report.calibration.samples,
    warnings: report.warnings,
    seconds: report.seconds,
  };
}

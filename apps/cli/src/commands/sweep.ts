import { mkdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  type Analysis,
  type AnswerKind,
  type CalibrationStatistics,
  type CostBudget,
  calibrateModel,
  criterionNames,
  loadStatistics,
  type Model,
  type PruneOptions,
  prepare,
  renderSweep,
  SnpError,
  type SweepPoint,
  saveStatistics,
  sweep,
} from '@snp/core';
import { inputsFor } from '@snp/core/inputs';
import { checkBudgets, modelContent } from '@snp/core/planning';
import { holdBack } from '@snp/core/stages';
import { writeTextWhole } from '@snp/onnx/node';
import { type Calibration, onnxRuntime } from '@snp/runtime';
import { Command, InvalidArgumentError, Option } from 'commander';
import { sweepDrops, sweepFlags } from '../config/flags.js';
import { addConfigOptions, withConfig } from '../config/withConfig.js';
import { answersOption } from '../options/answers.js';
import { addDataOptions, type DataOptions, openData } from '../options/data.js';
import { extensionsOf } from '../options/extensionsOf.js';
import { followLinksOption, type ModelOptions, narrowCacheOption, openModel } from '../options/model.js';
import { budget, wholeNumber } from '../options/numbers.js';
import { addPluginOptions, criterionOption, type PluginOptions } from '../options/plugins.js';
import { shares } from '../options/shares.js';
import { statisticsIn } from '../options/statistics.js';
import { dimOption } from '../options/target.js';
import { noVerifyOption } from '../options/verify.js';
import { count, percent } from '../output/format.js';
import { printJson } from '../output/json.js';
import { type ProgressBar, withProgress } from '../output/progress.js';
import { table } from '../output/table.js';
import { printWarnings } from '../output/warnings.js';

interface SweepCommandOptions extends DataOptions, ModelOptions, PluginOptions {
  output?: string;
  calib?: string;
  stats?: string[];
  data?: string;
  keep: number[];
  of: keyof CostBudget;
  criterion?: string;
  seed?: number;
  round?: number;
  least?: Record<string, number>;
  dim?: Record<string, number>;
  verify: boolean;
  narrowCache?: boolean;
  answers?: AnswerKind;
  json?: boolean;
}

/** What stands in sweep.json: enough to go on after a stop. */
interface SweepFile {
  format: 'snp-sweep';
  version: 1;
  /** The model, weights included. */
  model: string;
  /** Options that decide what comes out. */
  settings: Record<string, unknown>;
  points: (SweepPoint & { file: string })[];
}

/** `snp sweep`: one calibration, many budgets. */
export function sweepCommand(): Command {
  const command = new Command('sweep')
    .description('prune to many budgets with one calibration, and draw the trade-off; goes on where it was stopped')
    .argument('<model>', 'ONNX file; it is not changed')
    .option(
      '-o, --output <DIR>',
      'where models, sweep.json and sweep.html go (default: NAME.sweep in the current folder)',
    )
    .option('--calib <DIR>', 'typical inputs: pictures, texts (.txt, .jsonl), or .npy/.npz/.safetensors files')
    .option('--stats <FILE...>', 'what calibrate gathered, in place of typical inputs')
    .option(
      '--data <DIR>',
      'other inputs to compare answers on, with labels or not (default: every eighth of --calib, held back)',
    )
    .option('--keep <LIST>', 'budgets, with commas between them', budgets, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    .addOption(new Option('--of <WHAT>', 'what the budgets limit').choices(['macs', 'params', 'bytes']).default('macs'))
    .option(
      '--least <NAME=SHARE>',
      'the share of a kind or group that stays in any case; repeatable',
      shares('--least'),
    )
    .option('--round <N>', 'make widths per head multiples of N', wholeNumber(1))
    .addOption(criterionOption(criterionNames))
    .addOption(dimOption())
    .addOption(narrowCacheOption())
    .addOption(noVerifyOption())
    .addOption(answersOption())
    .addOption(followLinksOption())
    .option('--json', 'print one JSON document on stdout');
  return addConfigOptions(addPluginOptions(addDataOptions(command))).action(run);
}

/** Parses `0.9,0.8,60%`. */
function budgets(text: string): number[] {
  const list = text.split(',').map((part) => budget(part));
  if (new Set(list).size < list.length) throw new InvalidArgumentError('A budget stands there twice.');
  return list.sort((a, b) => b - a);
}

async function run(path: string, _: unknown, command: Command): Promise<void> {
  const options = await withConfig<SweepCommandOptions>(command, sweepFlags, sweepDrops);
  if ((options.calib === undefined) === (options.stats === undefined))
    throw new SnpError(
      'invalid-argument',
      'Give typical inputs with --calib, or what calibrate gathered with --stats.',
    );
  const extensions = await extensionsOf(options);
  const folder = options.output ?? `${basename(path).replace(/\.onnx$/i, '')}.sweep`;
  const model = await openModel(path, options);
  await mkdir(folder, { recursive: true }).catch((cause) => {
    throw new SnpError('io', `The folder ${folder} cannot be made: ${cause.message}.`, { file: folder }, { cause });
  });
  const inputs = await dataOf({ model, file: path }, options);
  const analysis = prepare(model, { narrowCache: options.narrowCache });
  checkBudgets(analysis, { budgets: options.keep.map((keep) => ({ [options.of]: keep })), ...options, ...extensions });
  await checkInputs(model, analysis, inputs, options);
  const file = await begin(folder, analysis, options, extensions.criterion?.name);
  const warnings = new Set<string>();
  await withProgress(async (bar) => {
    const statistics = await statisticsOf(folder, model, inputs.fit, options, extensions, bar);
    const missing = options.keep.filter((keep) => !file.points.some((point) => point.budget[options.of] === keep));
    for (const keep of missing) {
      const name = `${basename(path).replace(/\.onnx$/i, '')}.${options.of}-${String(keep)}.onnx`;
      await sweep(
        model,
        {
          statistics,
          budgets: [{ [options.of]: keep }],
          calibration: inputs.fit,
          data: inputs.data,
          round: options.round,
          least: options.least,
          dims: options.dim,
          verify: options.verify,
          narrowCache: options.narrowCache,
          answers: options.answers,
          batchSize: options.batch,
          ...extensions,
          runtime: onnxRuntime(),
          onProgress: bar.onProgress,
        },
        async (point, result) => {
          await result.write(join(folder, name));
          for (const warning of result.report.warnings) warnings.add(warning);
          file.points.push({ ...point, file: name });
          await save(folder, file, path);
        },
      );
    }
  });
  await save(folder, file, path);
  printWarnings([...warnings]);
  const points = file.points.filter(({ budget: own }) => options.keep.includes(own[options.of] as number));
  if (options.json) printJson({ folder, ...file, points });
  else process.stdout.write(`${pointsTable(points)}\n\nmodels, sweep.json and sweep.html are in ${folder}\n`);
}

/** Before long work: whether there is an input to measure latency with. */
async function checkInputs(
  model: Model,
  analysis: Analysis,
  { fit, data }: Inputs,
  { dim }: SweepCommandOptions,
): Promise<void> {
  const session = await onnxRuntime().open(model);
  try {
    await inputsFor(analysis, session, { data: fit ?? data, dims: dim });
  } finally {
    await session.close();
  }
}

interface Inputs {
  fit?: Calibration | undefined;
  data?: Calibration | undefined;
}

async function dataOf(of: { model: Model; file: string }, options: SweepCommandOptions): Promise<Inputs> {
  const all = options.calib === undefined ? undefined : await openData(options.calib, of, options);
  const other =
    options.data === undefined
      ? undefined
      : await openData(options.data, of, { ...options, limit: undefined, every: undefined, start: undefined });
  if (!all || other) return { fit: all, data: other };
  const { fit, held } = holdBack(all);
  return { fit, data: held };
}

/** What an earlier run with the same options left, or a new beginning. */
async function begin(
  folder: string,
  analysis: Analysis,
  options: SweepCommandOptions,
  criterion: string | undefined,
): Promise<SweepFile> {
  const { output: _, json: __, keep: ___, plugin, pluginTimeout: ____, ...asked } = options;
  // Those of a configuration file may be code.
  const plugins = plugin?.map((source) => (typeof source === 'string' ? source : (source as { name?: unknown }).name));
  const settings = { ...asked, criterion, plugins };
  const fresh: SweepFile = {
    format: 'snp-sweep',
    version: 1,
    model: modelContent(analysis.model),
    settings,
    points: [],
  };
  const text = await readFile(join(folder, 'sweep.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return fresh;
  const same = (known: SweepFile) =>
    known?.format === 'snp-sweep' &&
    known.version === 1 &&
    known.model === fresh.model &&
    JSON.stringify(known.settings) === JSON.stringify(JSON.parse(JSON.stringify(settings)));
  try {
    const known = JSON.parse(text) as SweepFile;
    if (!same(known)) throw new Error('other options');
    const there = await Promise.all(known.points.map(({ file }) => stat(join(folder, file)).catch(() => undefined)));
    return { ...known, points: known.points.filter((_point, at) => there[at]) };
  } catch {
    throw new SnpError(
      'invalid-argument',
      `${folder} holds a sweep of another model or with other options. Choose another folder with -o, or remove it.`,
      { file: folder },
    );
  }
}

async function statisticsOf(
  folder: string,
  model: Model,
  calibration: Calibration | undefined,
  options: SweepCommandOptions,
  { plugins, pluginTimeout }: Pick<PruneOptions, 'plugins' | 'pluginTimeout'>,
  bar: ProgressBar,
): Promise<CalibrationStatistics> {
  const given = await statisticsIn(options);
  if (given) return given;
  const path = join(folder, 'statistics.safetensors');
  if (await stat(path).catch(() => undefined)) return loadStatistics(path);
  const statistics = await calibrateModel(model, {
    calibration: calibration!,
    batchSize: options.batch,
    narrowCache: options.narrowCache,
    answers: options.answers,
    plugins,
    pluginTimeout,
    runtime: onnxRuntime(),
    onProgress: bar.onProgress,
  });
  await saveStatistics(statistics, path);
  return statistics;
}

async function save(folder: string, file: SweepFile, path: string): Promise<void> {
  await writeTextWhole(join(folder, 'sweep.json'), `${JSON.stringify(file, null, 1)}\n`);
  await writeTextWhole(join(folder, 'sweep.html'), renderSweep(basename(path), file.points));
}

function pointsTable(points: readonly SweepPoint[]): string {
  const labelled = points.some(({ top1 }) => top1);
  const rows = [...points]
    .sort((a, b) => b.cost.after.macs - a.cost.after.macs)
    .map(({ cost, latency, fidelity, top1 }) => [
      percent(cost.after.macs, cost.before.macs),
      count(cost.after.macs),
      count(cost.after.params),
      percent(latency.ratio),
      fidelity ? percent(fidelity.kind === 'scores' ? fidelity.agreement : fidelity.cosine) : '-',
      fidelity ? fidelity.divergence.toFixed(3) : '-',
      ...(labelled ? [top1 ? `${percent(top1.before)} → ${percent(top1.after)}` : '-'] : []),
    ]);
  const head = [
    'MACs left',
    'MACs',
    'params',
    'latency left',
    points.some(({ fidelity }) => fidelity?.kind === 'embeddings') ? 'cosine' : 'same answer',
    'divergence',
    ...(labelled ? ['right'] : []),
  ];
  return table(head, rows, []);
}

import { latencyOn, readLatencyTable, type Target } from '@snp/bench';
import {
  type AnswerKind,
  type ApplyOptions,
  apply,
  COMPENSATION_KINDS,
  type CompensationKind,
  criterionNames,
  type LatencyBudget,
  type PruneOptions,
  presets,
  prune,
  SnpError,
} from '@snp/core';
import { type Calibration, onnxRuntime } from '@snp/runtime';
import { Command, Option } from 'commander';
import { pruneDrops, pruneFlags } from '../config/flags.js';
import { addConfigOptions, withConfig } from '../config/withConfig.js';
import { answersOption } from '../options/answers.js';
import { checkCompanions, companionOption, companionPlaces, forgottenCompanion } from '../options/companions.js';
import { addDataOptions, DATA_OPTIONS, type DataOptions, openData } from '../options/data.js';
import { extensionsOf } from '../options/extensionsOf.js';
import { defaultOutput, readJson } from '../options/files.js';
import { followLinksOption, type ModelOptions, narrowCacheOption, openModel } from '../options/model.js';
import { budget, latency, wholeNumber } from '../options/numbers.js';
import { addPluginOptions, criterionOption, type PluginOptions } from '../options/plugins.js';
import { shares } from '../options/shares.js';
import { statisticsIn } from '../options/statistics.js';
import { dimOption, sizesOf, targetOption, withTarget } from '../options/target.js';
import { tuneLength } from '../options/tuning.js';
import { noVerifyOption } from '../options/verify.js';
import { withProgress } from '../output/progress.js';
import { printWarnings } from '../output/warnings.js';
import { makeReportFolder } from '../output/writeReport.js';
import { writeResult } from '../output/writeResult.js';
import { tuningIn, tuningStage } from '../tuningStage.js';

interface PruneCommandOptions extends DataOptions, ModelOptions, PluginOptions {
  output?: string;
  preset?: string;
  keepMacs?: number;
  keepParams?: number;
  keepBytes?: number;
  count?: 'all' | 'body';
  latency?: { share: number } | { ms: number };
  target?: string;
  dim?: Record<string, number>;
  table?: string;
  allocation?: 'planned' | 'even';
  least?: Record<string, number>;
  ratio?: Record<string, number>;
  plan?: string;
  criterion?: string;
  calib?: string;
  stats?: string[];
  round?: number;
  seed?: number;
  compensation?: CompensationKind;
  /** The old name of `compensation`. */
  recovery?: CompensationKind;
  reconstruct: boolean;
  tune?: ReturnType<typeof tuneLength>;
  verify: boolean;
  holdBack: boolean;
  narrowCache?: boolean;
  companion?: string[];
  answers?: AnswerKind;
  report?: string;
  json?: boolean;
}

/** As they are given: `--no-calib` is false. */
interface GivenOptions extends Omit<PruneCommandOptions, 'calib'> {
  calib?: string | false;
}

/** `snp prune`: the main job. */
export function pruneCommand(): Command {
  const command = new Command('prune')
    .description('make a model smaller by removing the neurons it needs least')
    .argument('<model>', 'ONNX file; it is not changed')
    .option('-o, --output <FILE>', 'where the pruned model goes (default: NAME.snp.onnx in the current folder)')
    .option('--preset <NAME>', `a published architecture: ${Object.keys(presets).join(', ')}`)
    .option('--keep-macs <AMOUNT>', 'multiply-accumulates that may be left: 0.5, 50% or 0.64G', budget)
    .option('--keep-params <AMOUNT>', 'parameters that may be left: 0.5, 50% or 3M', budget)
    .option('--keep-bytes <AMOUNT>', 'bytes of weights that may be left: 0.5, 50% or 12M', budget)
    .addOption(
      new Option(
        '--count <WHAT>',
        'what --keep-macs, --keep-params and --keep-bytes count: the whole model, or its Transformer blocks alone, without embedding and head (default: all)',
      ).choices(['all', 'body']),
    )
    .option(
      '--latency <AMOUNT>',
      "latency that may be left on --target, found by measuring: a share of the original's (0.6, 60%), or 12ms",
      latency,
    )
    .addOption(targetOption())
    .addOption(dimOption())
    .option('--table <FILE>', "with --latency: what 'snp profile' measured before")
    .addOption(
      new Option(
        '--allocation <HOW>',
        'how a budget is divided: by what each width does to the answers, or the same fraction of every group (default: planned with compensation full, else even)',
      ).choices(['planned', 'even']),
    )
    .option(
      '--least <NAME=SHARE>',
      'with planned allocation: the share of a kind or group that stays in any case, 1 = all of it (default: 1/16); repeatable',
      shares('--least'),
    )
    .option(
      '--ratio <NAME=R>',
      'remove a fraction of a kind (query-key, value, ffn, residual, channel) or group; repeatable',
      shares('--ratio'),
    )
    .option('--plan <FILE>', 'a plan made before: nothing is scored')
    .addOption(criterionOption(criterionNames))
    .option('--calib <DIR>', 'typical inputs: pictures, texts (.txt, .jsonl), or .npy/.npz/.safetensors files')
    .option('--no-calib', 'go on without typical inputs: most models are ruined that way')
    .option('--stats <FILE...>', 'what calibrate gathered, in place of typical inputs; several files of shards add up')
    .option('--round <N>', 'make widths per head multiples of N', wholeNumber(1))
    .addOption(
      new Option(
        '--compensation <KIND>',
        'how what stays makes up for what leaves (default: full with --calib or --stats, none without them and for presets; with --plan, as it says)',
      ).choices(COMPENSATION_KINDS),
    )
    .addOption(new Option('--recovery <KIND>', 'the old name of --compensation').choices(COMPENSATION_KINDS).hideHelp())
    .option(
      '--no-reconstruct',
      'leave the branches of the pruned model as they are, instead of refitting each to make up for errors before it; saves four passes over the samples',
    )
    .option(
      '--tune <LENGTH>',
      'train the pruned model towards the original afterwards, on --calib: for a time (20m), or so many epochs (5)',
      tuneLength,
    )
    .option('--no-hold-back', 'calibrate with all samples, instead of holding every eighth back to compare the answers')
    .addOption(noVerifyOption())
    .addOption(narrowCacheOption())
    .addOption(companionOption())
    .option('--report <DIR>', 'write plan.json, report.json and report.html there')
    .addOption(answersOption())
    .addOption(followLinksOption())
    .option('--json', 'print one JSON document on stdout');
  return addConfigOptions(addPluginOptions(addDataOptions(command))).action(run);
}

async function run(path: string, _: unknown, command: Command): Promise<void> {
  const { calib, ...given } = await withConfig<GivenOptions>(command, pruneFlags, pruneDrops);
  const options = { ...given, calib: calib || undefined, compensation: given.compensation ?? given.recovery };
  checkContradictions(options);
  const extensions = await extensionsOf(options);
  const output = options.output ?? defaultOutput(path);
  const companions = companionPlaces(options.companion, { input: path, output });
  await checkCompanions(companions, { input: path, output });
  const model = await openModel(path, options);
  const calibration =
    options.calib === undefined ? undefined : await openData(options.calib, { model, file: path }, options);
  const statistics = await statisticsIn(options);
  if (options.report !== undefined) await makeReportFolder(options.report);
  const plan = await planOf(options);
  const [result, exitCode] = await withProgress(async (bar) => {
    const stage = tuningStage(options.tune ?? (calibration && tuningIn(plan)), bar);
    const { tune, onProgress } = stage;
    const common = { ...settingsOf(options, calibration), statistics, name: path, onProgress, tune };
    const pruned = await withTarget(options.target, async (target) => {
      if (plan) return apply(model, plan, common);
      return prune(model, {
        ...targetOf(options),
        latency: await latencyOf(options, target),
        ...common,
        ...decidingOf(options),
        uncalibrated: calib === false ? 'warn' : 'refuse',
        ...extensions,
      });
    });
    return [pruned, stage.exitCode];
  });
  const forgotten = forgottenCompanion(path, options.companion);
  if (forgotten) printWarnings([forgotten]);
  await writeResult(result, { input: path, output, companions, report: options.report, json: options.json });
  if (exitCode !== undefined) process.exitCode = exitCode;
}

async function latencyOf(
  { latency: limit, dim, table }: PruneCommandOptions,
  target: Target,
): Promise<LatencyBudget | undefined> {
  if (!limit) return undefined;
  const on = latencyOn(target, {
    inputs: sizesOf({ dim }),
    ...(table !== undefined && { table: await readLatencyTable(table) }),
  });
  return { ...limit, on };
}

async function planOf(options: PruneCommandOptions): Promise<unknown> {
  return options.plan === undefined ? undefined : readJson(options.plan);
}

function targetOf({
  preset,
  keepMacs,
  keepParams,
  keepBytes,
  count,
  ratio: ratios,
}: PruneCommandOptions): Partial<PruneOptions> {
  const limits = { macs: keepMacs, params: keepParams, bytes: keepBytes };
  const budget = Object.values(limits).some((limit) => limit !== undefined) ? limits : undefined;
  return { preset, ratios, budget, count };
}

function settingsOf(
  { batch, compensation, holdBack, verify, dim, answers, companion }: PruneCommandOptions,
  calibration: Calibration | undefined,
): ApplyOptions {
  return {
    calibration,
    compensation,
    batchSize: batch,
    answers,
    companions: companion,
    verify,
    dims: dim,
    holdBack: holdBack ? undefined : false,
    runtime: onnxRuntime(),
  };
}

/** What a plan has decided. */
function decidingOf(options: PruneCommandOptions): Partial<PruneOptions> {
  const { round, allocation, least, reconstruct, narrowCache } = options;
  return { round, allocation, least, reconstruct, narrowCache };
}

/** Options that cannot both be meant. The library checks the rest. */
function checkContradictions(options: PruneCommandOptions): void {
  const targets = [
    ['--preset', options.preset],
    [
      '--keep-macs, --keep-params, --keep-bytes or --latency',
      options.keepMacs ?? options.keepParams ?? options.keepBytes ?? options.latency,
    ],
    ['--ratio', options.ratio],
    ['--plan', options.plan],
  ].filter(([, value]) => value !== undefined);
  if (targets.length > 1) {
    throw new SnpError(
      'invalid-argument',
      `${targets.map(([name]) => name).join(' and ')} contradict each other: each says how small the model should become. Give one of them.`,
    );
  }
  if (targets.length === 0) {
    throw new SnpError(
      'invalid-argument',
      'Nothing says how small the model should become. Give --preset, --keep-macs, --keep-params, --keep-bytes, --latency, --ratio or --plan.',
    );
  }
  const useless =
    options.plan !== undefined &&
    [
      ['--calib', options.compensation === 'none' ? options.calib : undefined],
      ['--stats', options.compensation === 'none' ? options.stats : undefined],
      ['--criterion', options.criterion],
      ['--round', options.round],
    ].find(([, value]) => value !== undefined);
  if (useless)
    throw new SnpError(
      'invalid-argument',
      `${useless[0]} has no effect with --plan, which says already which units stay. Leave it out.`,
    );
  if (options.seed !== undefined && options.criterion !== 'random' && options.calib === undefined) {
    throw new SnpError(
      'invalid-argument',
      `--seed is about calibration data and --criterion random; without data '${options.criterion ?? 'snp'}' draws nothing.`,
    );
  }
  if (options.latency === undefined) {
    const lost = (['target', 'table'] as const).find((name) => options[name] !== undefined);
    if (lost) throw new SnpError('invalid-argument', `--${lost} is about --latency, which is not given.`);
  }
  const limits = [options.keepMacs, options.keepParams, options.keepBytes, options.latency];
  if (limits.every((limit) => limit === undefined)) {
    const lost = (['allocation', 'least'] as const).find((name) => options[name] !== undefined);
    if (lost)
      throw new SnpError('invalid-argument', `--${lost} divides a budget (--keep-macs, ...), but there is none.`);
  }
  if (options.count !== undefined && limits.slice(0, 3).every((limit) => limit === undefined))
    throw new SnpError(
      'invalid-argument',
      '--count says what --keep-macs, --keep-params and --keep-bytes count, but none is given.',
    );
  if (options.tune !== undefined && options.calib === undefined)
    throw new SnpError('invalid-argument', '--tune trains on typical inputs: give them (--calib DIR).');
  const lone = options.calib === undefined && DATA_OPTIONS.find((name) => options[name] !== undefined);
  if (lone) throw new SnpError('invalid-argument', `--${lone} is about calibration data, but there is no --calib.`);
}

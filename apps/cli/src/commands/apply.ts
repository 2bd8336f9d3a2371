import { type AnswerKind, apply, COMPENSATION_KINDS, type CompensationKind } from '@snp/core';
import { Command, Option } from 'commander';
import { commonFlags } from '../config/flags.js';
import type { ParsedConfig } from '../config/schema.js';
import { addConfigOptions, withConfig } from '../config/withConfig.js';
import { answersOption } from '../options/answers.js';
import { checkCompanions, companionOption, companionPlaces } from '../options/companions.js';
import { addDataOptions, type DataOptions, openData } from '../options/data.js';
import { defaultOutput, readJson } from '../options/files.js';
import { followLinksOption, type ModelOptions, openModel } from '../options/model.js';
import { statisticsIn } from '../options/statistics.js';
import { dimOption } from '../options/target.js';
import { noVerifyOption } from '../options/verify.js';
import { withProgress } from '../output/progress.js';
import { makeReportFolder } from '../output/writeReport.js';
import { writeResult } from '../output/writeResult.js';
import { tuningIn, tuningStage } from '../tuningStage.js';

interface ApplyCommandOptions extends DataOptions, ModelOptions {
  output?: string;
  plan: string;
  calib?: string;
  stats?: string[];
  compensation?: CompensationKind;
  verify: boolean;
  companion?: string[];
  answers?: AnswerKind;
  dim?: Record<string, number>;
  report?: string;
  tune: boolean;
  json?: boolean;
}

/** `snp apply`: makes a model by a saved plan; the same plan, model and calibration data give the same bytes. */
export function applyCommand(): Command {
  const command = new Command('apply')
    .description('make a model by a plan that was made before')
    .argument('<model>', 'ONNX file; it is not changed')
    .requiredOption('--plan <FILE>', 'plan.json, as prune --report writes it; may be edited')
    .option('-o, --output <FILE>', 'where the pruned model goes (default: NAME.snp.onnx in the current folder)')
    .option('--calib <DIR>', 'the typical inputs that the plan was made with')
    .option('--stats <FILE...>', 'what calibrate gathered, where the plan was made with that')
    .addOption(
      new Option(
        '--compensation <KIND>',
        'how what stays makes up for what leaves; none cuts alone (default: as the plan says)',
      ).choices(COMPENSATION_KINDS),
    )
    // Plans need no plug-ins any more: scripts that give some go on working.
    .addOption(new Option('--plugin <FILE|PACKAGE...>').hideHelp())
    .option('--no-tune', 'leave the model as it is pruned, where the plan says that it is trained afterwards')
    .addOption(noVerifyOption())
    .addOption(dimOption())
    .addOption(companionOption())
    .option('--report <DIR>', 'write plan.json, report.json and report.html there')
    .addOption(answersOption())
    .addOption(followLinksOption())
    .option('--json', 'print one JSON document on stdout');
  return addConfigOptions(addDataOptions(command)).action(run);
}

async function run(path: string, _: unknown, command: Command): Promise<void> {
  const options = await withConfig<ApplyCommandOptions>(command, applyFlags);
  const output = options.output ?? defaultOutput(path);
  const companions = companionPlaces(options.companion, { input: path, output });
  await checkCompanions(companions, { input: path, output });
  const plan = await readJson(options.plan);
  const model = await openModel(path, options);
  const calibration =
    options.calib === undefined ? undefined : await openData(options.calib, { model, file: path }, options);
  const statistics = await statisticsIn(options);
  if (options.report !== undefined) await makeReportFolder(options.report);
  const { compensation, verify, batch, answers, dim: dims } = options;
  const [result, exitCode] = await withProgress(async (bar) => {
    const stage = tuningStage(options.tune && calibration ? tuningIn(plan) : undefined, bar);
    const applied = await apply(model, plan, {
      calibration,
      statistics,
      compensation,
      batchSize: batch,
      answers,
      companions: options.companion,
      verify,
      dims,
      name: path,
      onProgress: stage.onProgress,
      tune: stage.tune,
    });
    return [applied, stage.exitCode];
  });
  await writeResult(result, { input: path, output, companions, report: options.report, json: options.json });
  if (exitCode !== undefined) process.exitCode = exitCode;
}

/** What a plan leaves to say. */
function applyFlags(config: ParsedConfig) {
  const { criterion: _, plugin: __, pluginTimeout: ___, round: ____, least: _____, ...reading } = commonFlags(config);
  const { verify, answers, companions: companion, dims: dim, compensation, recovery, report } = config;
  return { ...reading, verify, answers, companion, dim, compensation: compensation ?? recovery, report };
}

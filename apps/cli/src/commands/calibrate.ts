import { type AnswerKind, calibrateModel, saveStatistics } from '@snp/core';
import { onnxRuntime, type Shard, shardOf } from '@snp/runtime';
import { Command } from 'commander';
import pc from 'picocolors';
import { answersOption } from '../options/answers.js';
import { addDataOptions, type DataOptions, openData } from '../options/data.js';
import { checkWritable, fileSize } from '../options/files.js';
import { followLinksOption, type ModelOptions, narrowCacheOption, openModel } from '../options/model.js';
import { addPluginOptions, type PluginOptions } from '../options/plugins.js';
import { shard } from '../options/shard.js';
import { bytes, duration } from '../output/format.js';
import { printJson } from '../output/json.js';
import { withProgress } from '../output/progress.js';
import { printSkipped } from '../output/warnings.js';
import { loadPlugins } from '../plugins/loadPlugins.js';

interface CalibrateCommandOptions extends DataOptions, ModelOptions, PluginOptions {
  output: string;
  calib: string;
  shard?: Shard;
  effects: boolean;
  narrowCache?: boolean;
  answers?: AnswerKind;
  json?: boolean;
}

/** `snp calibrate`: gathers once what any number of prunings need. */
export function calibrateCommand(): Command {
  const command = new Command('calibrate')
    .description('gather what pruning has to know of typical inputs, once for any number of plans')
    .argument('<model>', 'ONNX file')
    .requiredOption('--calib <DIR>', 'typical inputs: pictures, texts (.txt, .jsonl), or .npy/.npz/.safetensors files')
    .requiredOption('-o, --output <FILE>', 'where the statistics go (a safetensors file), for prune --stats')
    .option('--shard <I/N>', 'take the I-th of N parts of the inputs; prune --stats adds the parts up', shard)
    .option('--no-effects', 'do not measure what each part does to the answers, which dividing a budget takes')
    .addOption(narrowCacheOption())
    .addOption(answersOption())
    .addOption(followLinksOption())
    .option('--json', 'print one JSON document on stdout');
  return addPluginOptions(addDataOptions(command)).action(run);
}

async function run(path: string, options: CalibrateCommandOptions): Promise<void> {
  const { output } = options;
  await checkWritable(output, path);
  const start = performance.now();
  const { plugins } = await loadPlugins(options.plugin);
  const model = await openModel(path, options);
  const calibration = await openData(
    options.calib,
    { model, file: path },
    options.shard ? shardOf(options, options.shard) : options,
  );
  const statistics = await withProgress(async (bar) => {
    const gathered = await calibrateModel(model, {
      calibration,
      sensitivity: options.effects,
      batchSize: options.batch,
      narrowCache: options.narrowCache,
      answers: options.answers,
      plugins,
      pluginTimeout: options.pluginTimeout,
      runtime: onnxRuntime(),
      onProgress: bar.onProgress,
    });
    await saveStatistics(gathered, output);
    return gathered;
  });
  printSkipped(calibration.skipped);
  const { samples, groups } = statistics;
  const seconds = (performance.now() - start) / 1000;
  const size = await fileSize(output);
  if (options.json) {
    const skipped = [...calibration.skipped];
    printJson({ output, samples, skipped, groups: groups.size, fileBytes: size, model: statistics.model, seconds });
  } else {
    process.stdout.write(
      `${pc.green('done')} ${output} (${samples} samples, ${groups.size} groups, ${bytes(size)}) in ${duration(seconds)}\n`,
    );
  }
}

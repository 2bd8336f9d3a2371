import { type Plan, prune } from '@snp/core';
import { Command } from 'commander';
import { commonFlags } from '../config/flags.js';
import type { ParsedConfig } from '../config/schema.js';
import { addConfigOptions, withConfig } from '../config/withConfig.js';
import { checkWritable, defaultOutput, fileSize, readJson } from '../options/files.js';
import { followLinksOption, type ModelOptions, openModel } from '../options/model.js';
import { addPluginOptions, type PluginOptions } from '../options/plugins.js';
import { dimOption } from '../options/target.js';
import { noVerifyOption } from '../options/verify.js';
import { printJson } from '../output/json.js';
import { withProgress } from '../output/progress.js';
import { renderSummary } from '../output/summary.js';
import { printWarnings } from '../output/warnings.js';
import { loadPlugins } from '../plugins/loadPlugins.js';

interface ApplyOptions extends ModelOptions, PluginOptions {
  output?: string;
  plan: string;
  verify: boolean;
  dim?: Record<string, number>;
  json?: boolean;
}

/** `snp apply`: executes a saved plan; the same plan gives the same bytes. */
export function applyCommand(): Command {
  const command = new Command('apply')
    .description('prune a model by a plan that was made before')
    .argument('<model>', 'ONNX file; it is not changed')
    .requiredOption('--plan <FILE>', 'plan.json, as prune --report writes it; may be edited')
    .option('-o, --output <FILE>', 'where the pruned model goes (default: NAME.snp.onnx in the current folder)')
    .addOption(noVerifyOption())
    .addOption(dimOption())
    .addOption(followLinksOption())
    .option('--json', 'print one JSON document on stdout');
  return addConfigOptions(addPluginOptions(command)).action(run);
}

async function run(path: string, _: unknown, command: Command): Promise<void> {
  const options = await withConfig<ApplyOptions>(command, applyFlags);
  const output = options.output ?? defaultOutput(path);
  await checkWritable(output, path);
  const plan = (await readJson(options.plan)) as Plan;
  const { plugins } = await loadPlugins(options.plugin);
  const { pluginTimeout, verify, dim: dims } = options;
  const model = await openModel(path, options);
  const result = await withProgress((bar) =>
    prune(model, { plan, plugins, pluginTimeout, verify, dims, name: path, onProgress: bar.onProgress }),
  );
  await result.write(output);
  printWarnings(result.report.warnings);
  if (plan.recovery)
    printWarnings([
      `The plan was made with recovery '${plan.recovery}', which rewrites weights; apply only cuts. For the recovered model: snp prune ${path} --plan ${options.plan} --calib DIR, with the same calibration data.`,
    ]);
  const sizes = { before: await fileSize(path), after: await fileSize(output) };
  if (options.json) printJson({ output, fileBytes: sizes, ...result.report });
  else process.stdout.write(renderSummary(result.report, sizes, output));
}

/** What a plan leaves to say. */
function applyFlags(config: ParsedConfig) {
  const { plugin, pluginTimeout, followLinks } = commonFlags(config);
  const { verify, dims: dim } = config;
  return { plugin, pluginTimeout, followLinks, verify, dim };
}

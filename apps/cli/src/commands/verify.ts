import { type Plan, prepare, VERIFY_DEFAULTS, verify } from '@snp/core';
import { mergedModel, verifyMerged } from '@snp/core/stages';
import { onnxRuntime } from '@snp/runtime';
import { Command } from 'commander';
import pc from 'picocolors';
import { addDataOptions, type DataOptions, openData } from '../options/data.js';
import { readJson } from '../options/files.js';
import { followLinksOption, type ModelOptions, openModel } from '../options/model.js';
import { positive } from '../options/numbers.js';
import { dimOption } from '../options/target.js';
import { EXIT } from '../output/exitCodes.js';
import { printJson } from '../output/json.js';
import { withProgress } from '../output/progress.js';

interface VerifyCommandOptions extends DataOptions, ModelOptions {
  plan: string;
  data?: string;
  tolerance?: number;
  dim?: Record<string, number>;
  json?: boolean;
}

const { FLOAT, FLOAT16, BFLOAT16 } = VERIFY_DEFAULTS.tolerances;

/** `snp verify`: proves that a pruned model equals the original with the removed units set to zero. */
export function verifyCommand(): Command {
  const command = new Command('verify')
    .description(
      'prove that a pruned model is right: equal to the original with the removed units at zero, and with the recovered weights if there are any',
    )
    .argument('<model>', 'the original ONNX file')
    .argument('<pruned>', 'the pruned ONNX file')
    .requiredOption('--plan <FILE>', 'the plan by which it was pruned')
    .option('--data <DIR>', 'inputs to compare on (default: random numbers)')
    .option(
      '--tolerance <X>',
      `largest relative difference that passes (default: ${FLOAT} where the model computes in float32, ${FLOAT16} in float16, ${BFLOAT16} in bfloat16)`,
      positive,
    )
    .addOption(dimOption())
    .addOption(followLinksOption())
    .option('--json', 'print one JSON document on stdout');
  return addDataOptions(command).action(async (path: string, pruned: string, options: VerifyCommandOptions) => {
    const model = await openModel(path, options);
    const result = await openModel(pruned, options);
    const data = options.data === undefined ? undefined : await openData(options.data, { model, file: path }, options);
    const plan = (await readJson(options.plan)) as Plan;
    const [parts, prunedParts] = [mergedModel(model), mergedModel(result)];
    const verification = await withProgress((bar) => {
      const settings = {
        runtime: onnxRuntime(),
        data,
        dims: options.dim,
        tolerance: options.tolerance,
        limit: options.limit,
        onProgress: (done: number, total: number | undefined) => bar.update('verifying', done, total),
      };
      if (parts && prunedParts) return verifyMerged(parts, prunedParts, plan, settings);
      const analysis = prepare(model, { allowNothing: true, narrowCache: plan?.narrowCache });
      return verify(analysis, pruned, plan, { ...settings, original: model });
    });
    if (options.json) printJson(verification);
    else {
      const { passed, difference, runs, inputs, tolerance, reason } = verification;
      const word = passed ? pc.green('equal') : pc.red('different');
      process.stdout.write(
        `${word}: largest relative difference ${difference.toExponential(1)} over ${runs} runs on ${inputs === 'data' ? 'the data' : 'random inputs'} (tolerance ${tolerance})\n${reason === undefined ? '' : `${reason}\n`}`,
      );
    }
    if (!verification.passed) process.exitCode = EXIT.different;
  });
}

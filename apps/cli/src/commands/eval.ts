import { evaluate } from '@snp/core';
import { onnxRuntime } from '@snp/runtime';
import { Command } from 'commander';
import { addDataOptions, type DataOptions, openData } from '../options/data.js';
import { followLinksOption, type ModelOptions, openModel } from '../options/model.js';
import { percent } from '../output/format.js';
import { printJson } from '../output/json.js';
import { withProgress } from '../output/progress.js';
import { table } from '../output/table.js';
import { printSkipped } from '../output/warnings.js';

interface EvalOptions extends DataOptions, ModelOptions {
  data: string;
  output?: string;
  json?: boolean;
}

/** `snp eval`: accuracy of a classifier on labelled samples. */
export function evalCommand(): Command {
  const command = new Command('eval')
    .description('measure the accuracy of a model on labelled data')
    .argument('<model>', 'ONNX file')
    .requiredOption('--data <DIR>', 'pictures in class folders or with labels.csv, or arrays with labels')
    .option('--output <NAME>', 'the output to look at (default: the first)')
    .addOption(followLinksOption())
    .option('--json', 'print one JSON document on stdout');
  return addDataOptions(command).action(async (path: string, options: EvalOptions) => {
    const data = await openData(options.data, await openModel(path, options), options);
    const result = await withProgress((bar) =>
      evaluate(path, {
        runtime: onnxRuntime(),
        data,
        batchSize: options.batch,
        output: options.output,
        onProgress: (done, total) => bar.update('evaluating', done, total),
      }),
    );
    printSkipped(result.skipped);
    if (options.json) printJson({ model: path, ...result });
    else
      process.stdout.write(
        `${table(['model', 'samples', 'top-1', 'top-5'], [[path, result.samples, share(result.top1), share(result.top5)]])}\n`,
      );
  });
}

function share(value: number | undefined): string {
  return value === undefined ? 'no labels' : percent(value);
}

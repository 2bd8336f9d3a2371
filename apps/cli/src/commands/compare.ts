import { compare } from '@snp/core';
import { onnxRuntime } from '@snp/runtime';
import { Command } from 'commander';
import { addDataOptions, type DataOptions, openData } from '../options/data.js';
import { followLinksOption, type ModelOptions, openModel } from '../options/model.js';
import { percent } from '../output/format.js';
import { printJson } from '../output/json.js';
import { withProgress } from '../output/progress.js';
import { table } from '../output/table.js';
import { printSkipped } from '../output/warnings.js';

interface CompareOptions extends DataOptions, ModelOptions {
  data: string;
  output?: string;
  json?: boolean;
}

/** `snp compare`: how alike two models answer, labels or not. */
export function compareCommand(): Command {
  const command = new Command('compare')
    .description('compare the answers of two models on the same data')
    .argument('<first>', 'ONNX file, usually the original')
    .argument('<second>', 'ONNX file, usually the pruned one')
    .requiredOption('--data <DIR>', 'pictures or arrays; labels are used where there are any')
    .option('--output <NAME>', 'the output to look at (default: the first)')
    .addOption(followLinksOption())
    .option('--json', 'print one JSON document on stdout');
  return addDataOptions(command).action(async (first: string, second: string, options: CompareOptions) => {
    const data = await openData(options.data, await openModel(first, options), options);
    await openModel(second, options);
    const result = await withProgress((bar) =>
      compare(first, second, {
        runtime: onnxRuntime(),
        data,
        batchSize: options.batch,
        output: options.output,
        onProgress: (done, total) => bar.update('comparing', done, total),
      }),
    );
    printSkipped(result.first.skipped);
    if (options.json) return printJson({ models: [first, second], ...result });
    const { fidelity } = result;
    const share = (value: number | undefined) => (value === undefined ? 'no labels' : percent(value));
    process.stdout.write(
      [
        table(
          ['model', 'samples', 'top-1', 'top-5'],
          [
            [first, result.first.samples, share(result.first.top1), share(result.first.top5)],
            [second, result.second.samples, share(result.second.top1), share(result.second.top5)],
          ],
        ),
        '',
        `same top answer ${percent(fidelity.agreement)}, cosine of outputs ${fidelity.cosine.toFixed(4)}, KL divergence ${fidelity.divergence.toFixed(4)} nats, largest relative difference ${fidelity.difference.toExponential(1)}`,
        '',
      ].join('\n'),
    );
  });
}

import { type AnswerKind, compare } from '@snp/core';
import { onnxRuntime } from '@snp/runtime';
import { Command } from 'commander';
import { answersOption } from '../options/answers.js';
import { addDataOptions, type DataOptions, openData } from '../options/data.js';
import { followLinksOption, type ModelOptions, openModel } from '../options/model.js';
import { evaluationTable, likeness } from '../output/evaluation.js';
import { printJson } from '../output/json.js';
import { withProgress } from '../output/progress.js';
import { printSkipped } from '../output/warnings.js';

interface CompareOptions extends DataOptions, ModelOptions {
  data: string;
  output?: string;
  answers?: AnswerKind;
  json?: boolean;
}

/** `snp compare`: how alike two models answer, labels or not. */
export function compareCommand(): Command {
  const command = new Command('compare')
    .description('compare the answers of two models on the same data')
    .argument('<first>', 'ONNX file, usually the original')
    .argument('<second>', 'ONNX file, usually the pruned one')
    .requiredOption('--data <DIR>', 'pictures, texts or arrays; labels are used where there are any')
    .option('--output <NAME>', 'the output to look at (default: the first)')
    .addOption(answersOption())
    .addOption(followLinksOption())
    .option('--json', 'print one JSON document on stdout');
  return addDataOptions(command).action(async (first: string, second: string, options: CompareOptions) => {
    const data = await openData(options.data, { model: await openModel(first, options), file: first }, options);
    await openModel(second, options);
    const result = await withProgress((bar) =>
      compare(first, second, {
        runtime: onnxRuntime(),
        data,
        batchSize: options.batch,
        output: options.output,
        answers: options.answers,
        onProgress: (done, total) => bar.update('comparing', done, total),
      }),
    );
    printSkipped(result.first.skipped);
    if (options.json) return printJson({ models: [first, second], ...result });
    const { fidelity } = result;
    const alone = evaluationTable([
      [first, result.first],
      [second, result.second],
    ]);
    process.stdout.write(
      [
        ...(fidelity.kind === 'scores' ? [alone, ''] : []),
        `${likeness(fidelity)}, largest relative difference ${fidelity.difference.toExponential(1)}`,
        '',
      ].join('\n'),
    );
  });
}

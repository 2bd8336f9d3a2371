import { type AnswerKind, evaluate } from '@snp/core';
import { onnxRuntime } from '@snp/runtime';
import { Command } from 'commander';
import { answersOption } from '../options/answers.js';
import { addDataOptions, type DataOptions, openData } from '../options/data.js';
import { followLinksOption, type ModelOptions, openModel } from '../options/model.js';
import { evaluationTable } from '../output/evaluation.js';
import { printJson } from '../output/json.js';
import { withProgress } from '../output/progress.js';
import { printSkipped } from '../output/warnings.js';

interface EvalOptions extends DataOptions, ModelOptions {
  data: string;
  output?: string;
  answers?: AnswerKind;
  json?: boolean;
}

/** `snp eval`: accuracy of a classifier on labelled samples. */
export function evalCommand(): Command {
  const command = new Command('eval')
    .description('measure the accuracy of a model on labelled data, or how well a language model foretells texts')
    .argument('<model>', 'ONNX file')
    .requiredOption(
      '--data <DIR>',
      'pictures in class folders or with labels.csv, arrays with labels, or texts (.txt, .jsonl)',
    )
    .option('--output <NAME>', 'the output to look at (default: the first)')
    .addOption(answersOption())
    .addOption(followLinksOption())
    .option('--json', 'print one JSON document on stdout');
  return addDataOptions(command).action(async (path: string, options: EvalOptions) => {
    const data = await openData(options.data, { model: await openModel(path, options), file: path }, options);
    const result = await withProgress((bar) =>
      evaluate(path, {
        runtime: onnxRuntime(),
        data,
        batchSize: options.batch,
        output: options.output,
        answers: options.answers,
        onProgress: (done, total) => bar.update('evaluating', done, total),
      }),
    );
    printSkipped(result.skipped);
    if (options.json) printJson({ model: path, ...result });
    else process.stdout.write(`${evaluationTable([[path, result]])}\n`);
  });
}

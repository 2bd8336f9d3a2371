import { rm } from 'node:fs/promises';
import { SnpError } from '@snp/core';
import { writeModel } from '@snp/onnx/node';
import { onnxRuntime } from '@snp/runtime';
import { type LossKind, saveCheckpoint, type TuneProgress, tune } from '@snp/tune';
import { Command } from 'commander';
import { interruption } from '../interruption.js';
import { checkpointOf, checkpointToResume } from '../options/checkpoint.js';
import { addDataOptions, type DataOptions, openData } from '../options/data.js';
import { checkAllWritable, defaultOutput, fileSize } from '../options/files.js';
import { losses } from '../options/losses.js';
import { followLinksOption, type ModelOptions, openModel } from '../options/model.js';
import { duration, fraction, positive, size, wholeNumber } from '../options/numbers.js';
import { EXIT } from '../output/exitCodes.js';
import { printJson } from '../output/json.js';
import { withProgress } from '../output/progress.js';
import { figuresLine, renderTuned } from '../output/tuned.js';
import { printSkipped, printWarnings } from '../output/warnings.js';

interface TuneCommandOptions extends DataOptions, ModelOptions {
  teacher: string;
  data: string;
  output?: string;
  epochs?: number;
  time?: number;
  rate?: number;
  augment?: boolean;
  seed?: number;
  heldBack?: number;
  validation?: string;
  temperature?: number;
  decay?: number;
  loss?: Record<string, LossKind>;
  labels?: number | true;
  resume?: boolean;
  checkpoint?: number;
  memory?: number;
  json?: boolean;
}

/** The share of the loss that `--labels` alone means. */
const LABELS_SHARE = 0.5;

const WORDS: Record<TuneProgress['step'], string> = {
  read: 'reading',
  teach: 'asking',
  rates: 'trying',
  train: 'tuning',
};

/** `snp tune`: trains a pruned model towards its original. */
export function tuneCommand(): Command {
  const command = new Command('tune')
    .description('train what stays of a pruned model towards its original, on inputs without labels')
    .argument('<model>', 'ONNX file, usually a pruned one; it is not changed')
    .requiredOption('--teacher <FILE>', 'ONNX file whose answers it is to give: the original')
    .requiredOption('--data <DIR>', 'typical inputs: pictures, texts (.txt, .jsonl), or .npy/.npz/.safetensors files')
    .option('-o, --output <FILE>', 'where the tuned model goes (default: NAME.tuned.onnx in the current folder)')
    .option('--epochs <N>', 'how often all samples are trained on (default: 10)', wholeNumber(1))
    .option('--time <TIME>', 'how long all of it may take instead: 90s, 30m, 2h', duration)
    .option('--rate <R>', 'learning rate at its highest (default: the best of three that are tried)', positive)
    .option(
      '--augment',
      'mirror, move and cut pictures anew each time (default: for pictures in folders and --preprocess)',
    )
    .option('--no-augment', 'take pictures as they are')
    .option('--validation <DIR>', 'samples to choose rates and states by (default: every eighth of --data)')
    .option('--held-back <SHARE>', 'share of --data to choose by instead, at random, never trained on', fraction)
    .option(
      '--loss <OUTPUT=KIND>',
      'divergence (of scores) or error (of other numbers) of an output; repeatable',
      losses,
    )
    .option(
      '--labels [SHARE]',
      'share of the loss that labels of the data (class folders, or an array) make up (default: none; 50% with --labels)',
      fraction,
    )
    .option('--temperature <T>', 'what scores are divided by before they are compared (default: 1)', positive)
    .option('--decay <D>', 'weight decay of matrices (default: none)', positive)
    .option('--memory <SIZE>', 'memory that training may take, about: 4G, 800M (default: any)', size)
    .option('--resume', 'go on from OUTPUT.checkpoint, which a run that was interrupted left')
    .option('--no-resume', 'begin anew, whatever was left')
    .option(
      '--checkpoint <TIME>',
      'how often the state of training is kept in OUTPUT.checkpoint (default: 5m)',
      duration,
    )
    .addOption(followLinksOption())
    .option('--json', 'print one JSON document on stdout');
  return addDataOptions(command).action(run);
}

async function run(path: string, options: TuneCommandOptions): Promise<void> {
  if (options.stride !== undefined)
    throw new SnpError(
      'invalid-argument',
      '--stride makes samples overlap: what is held back would be trained on. Leave it out.',
    );
  const output = options.output ?? defaultOutput(path, 'tuned');
  await checkAllWritable([output], [path, options.teacher]);
  const model = await openModel(path, options);
  const checkpoint = checkpointOf(output);
  const resume = await checkpointToResume(checkpoint, options.resume);
  if (options.resume && !resume) printWarnings([`${checkpoint} is not there: training begins anew.`]);
  const data = await openData(options.data, { model, file: path }, options);
  const validation =
    options.validation === undefined
      ? undefined
      : await openData(options.validation, { model, file: path }, withoutSelection(options));
  let begun = false;
  const interrupted = interruption(() => begun);
  const result = await withProgress((bar) =>
    tune(model, {
      teacher: options.teacher,
      data,
      validation,
      runtime: onnxRuntime(),
      ...settingsOf(options),
      resume,
      // Training is worth more than the state of it that could not be kept.
      onCheckpoint: (state) =>
        saveCheckpoint(state, checkpoint).catch((error: SnpError) => bar.note(`warning ${error.message}`)),
      enough: interrupted.signal,
      onProgress: ({ step, done, total }) => {
        begun ||= step === 'train';
        bar.update(WORDS[step], Math.round(done), total && Math.round(total));
      },
      onFigures: (figures) => bar.note(figuresLine(figures)),
    }),
  );
  printSkipped(result.skipped);
  const { model: tuned, ...rest } = result;
  if (tuned) await writeModel(tuned, output);
  const unfinished = result.ended === 'enough';
  if (!unfinished) await rm(checkpoint, { force: true });
  if (options.json) {
    const written = tuned ? { output, fileBytes: await fileSize(output) } : { output: null };
    printJson({ ...written, ...(unfinished && { checkpoint }), ...rest });
  } else process.stdout.write(renderTuned(result, { output, checkpoint: unfinished ? checkpoint : undefined }));
  process.exitCode = interrupted.exitCode ?? (tuned ? EXIT.done : EXIT.noBetter);
}

/** `--limit` and its like choose samples of `--data`. */
function withoutSelection({ limit: _, every: __, start: ___, ...options }: TuneCommandOptions): TuneCommandOptions {
  return options;
}

function settingsOf(options: TuneCommandOptions) {
  const {
    epochs,
    time,
    rate,
    augment,
    seed,
    heldBack,
    temperature,
    decay: weightDecay,
    loss,
    labels,
    checkpoint: checkpointEvery,
    memory,
    batch: batchSize,
  } = options;
  return {
    ...{ epochs, time, rate, augment, seed, heldBack, temperature, weightDecay, batchSize, checkpointEvery, memory },
    losses: loss,
    labels: labels === true ? LABELS_SHARE : labels,
  };
}

import { type Fidelity, type Model, prepare, SnpError } from '@snp/core';
import { inputsFor } from '@snp/core/inputs';
import { compareModels } from '@snp/core/stages';
import { writeModel } from '@snp/onnx/node';
import { type QuantizedModel, quantize } from '@snp/quantize';
import { type Calibration, onnxRuntime, tensors } from '@snp/runtime';
import { Command, Option } from 'commander';
import pc from 'picocolors';
import { addDataOptions, DATA_OPTIONS, type DataOptions, openData } from '../options/data.js';
import { checkWritable, defaultOutput, fileSize } from '../options/files.js';
import { followLinksOption, type ModelOptions, openModel } from '../options/model.js';
import { fraction } from '../options/numbers.js';
import { dimOption } from '../options/target.js';
import { likeness } from '../output/evaluation.js';
import { bytes, count, percent } from '../output/format.js';
import { printJson } from '../output/json.js';
import { withProgress } from '../output/progress.js';
import { printSkipped } from '../output/warnings.js';

interface QuantizeCommandOptions extends DataOptions, ModelOptions {
  to: 'int8';
  output?: string;
  data?: string;
  leastAgreement?: number;
  dim?: Record<string, number>;
  json?: boolean;
}

/** `snp quantize`: makes weights narrower, and tells what it does to the answers. */
export function quantizeCommand(): Command {
  const command = new Command('quantize')
    .description('store weights in 8 bits and multiply in integers: smaller, and faster on most processors')
    .argument('<model>', 'ONNX file, pruned or not; it is not changed')
    .addOption(new Option('--to <FORM>', 'form of the weights').choices(['int8']).makeOptionMandatory())
    .option('-o, --output <FILE>', 'where the model goes (default: NAME.int8.onnx in the current folder)')
    .option('--data <DIR>', 'inputs to compare the answers on (default: a random one, which says little)')
    .option('--least-agreement <SHARE>', 'write nothing if fewer answers to --data stay the same', fraction)
    .addOption(dimOption())
    .addOption(followLinksOption())
    .option('--json', 'print one JSON document on stdout');
  return addDataOptions(command).action(run);
}

async function run(path: string, options: QuantizeCommandOptions): Promise<void> {
  checkContradictions(options);
  const output = options.output ?? defaultOutput(path, options.to);
  await checkWritable(output, path);
  const model = await openModel(path, options);
  const given = options.data === undefined ? undefined : await openData(options.data, { model, file: path }, options);
  const quantized = quantize(model, { to: options.to });
  const data = given ?? (await randomSample(model, options));
  const fidelity = await withProgress((bar) =>
    compareModels(model, quantized.model, {
      runtime: onnxRuntime(),
      data,
      batchSize: options.batch,
      onProgress: (done, total) => bar.update('comparing', done, total),
    }),
  );
  printSkipped(data.skipped);
  checkFidelity(fidelity, options);
  await writeModel(quantized.model, output);
  const sizes = { before: await fileSize(path), after: await fileSize(output) };
  if (options.json) {
    const { model: _, ...rest } = quantized;
    printJson({ output, fileBytes: sizes, compared: given ? 'data' : 'random', fidelity, ...rest });
    return;
  }
  process.stdout.write(
    [
      ...weightLines(quantized),
      `file     ${bytes(sizes.before)} → ${bytes(sizes.after)} (${percent(sizes.after / sizes.before)})`,
      `answers  ${given ? likeness(fidelity) : `${pc.yellow('compared on a random input alone')} (cosine ${fidelity.cosine.toFixed(4)}): give --data`}`,
      `${pc.green('done')} ${output}`,
      '',
    ].join('\n'),
  );
}

async function randomSample(model: Model, { dim }: QuantizeCommandOptions): Promise<Calibration> {
  const session = await onnxRuntime().open(model);
  try {
    return tensors([await inputsFor(prepare(model), session, { dims: dim })]);
  } finally {
    await session.close();
  }
}

/** @throws SnpError `unsupported` where the quantised model is not worth writing. */
function checkFidelity(fidelity: Fidelity, { leastAgreement }: QuantizeCommandOptions): void {
  if (!Number.isFinite(fidelity.cosine) || !Number.isFinite(fidelity.divergence))
    throw new SnpError('unsupported', 'The quantised model answers with infinite numbers. Nothing was written.');
  if (leastAgreement === undefined) return;
  const found = fidelity.kind === 'scores' ? fidelity.agreement : fidelity.cosine;
  if (found >= leastAgreement) return;
  const what = fidelity.kind === 'scores' ? 'of the answers stay the same' : 'is the mean cosine of embeddings';
  throw new SnpError(
    'unsupported',
    `${percent(found)} ${what}, and ${percent(leastAgreement)} is the least that was asked for. Nothing was written.`,
  );
}

function weightLines({ weights, left }: QuantizedModel): string[] {
  const numbers = weights.reduce((sum, { dims }) => sum + dims.reduce((size, dim) => size * dim, 1), 0);
  const worst = weights.reduce((one, other) => (other.signalToNoise < one.signalToNoise ? other : one));
  const reasons = new Map<string, number>();
  for (const { operator, reason } of left) {
    const line = `${operator}: ${reason}`;
    reasons.set(line, (reasons.get(line) ?? 0) + 1);
  }
  return [
    `weights  ${weights.length} with ${count(numbers)} numbers in 8 bits; signal to noise at least ${worst.signalToNoise.toFixed(1)} dB ('${worst.name}')`,
    ...[...reasons].map(([line, nodes]) => `stays    ${nodes} × ${line}`),
  ];
}

function checkContradictions(options: QuantizeCommandOptions): void {
  if (options.data !== undefined) return;
  if (options.leastAgreement !== undefined)
    throw new SnpError('invalid-argument', '--least-agreement is about answers to --data, which are not given.');
  const lone = DATA_OPTIONS.find((name) => options[name] !== undefined);
  if (lone) throw new SnpError('invalid-argument', `--${lone} is about --data, which is not given.`);
}

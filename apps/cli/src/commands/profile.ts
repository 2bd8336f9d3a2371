import { basename } from 'node:path';
import { fitLatency, latencyCurves, profileWidths, renderLatency } from '@snp/bench';
import { prepare } from '@snp/core';
import { writeTextWhole } from '@snp/onnx/node';
import { Command } from 'commander';
import pc from 'picocolors';
import { checkAllWritable } from '../options/files.js';
import { followLinksOption, type ModelOptions, openModel } from '../options/model.js';
import { addSizeOptions, sizesOf, type TargetOptions, targetOption, withTarget } from '../options/target.js';
import { milliseconds, percent } from '../output/format.js';
import { printJson } from '../output/json.js';
import { withProgress } from '../output/progress.js';
import { table } from '../output/table.js';

interface ProfileOptions extends TargetOptions, ModelOptions {
  output?: string;
  html?: string;
  json?: boolean;
}

/** Shares of units in the printed table. */
const SHARES = [0.25, 0.5, 0.75];

/** `snp profile`: how latency depends on widths. */
export function profileCommand(): Command {
  const command = new Command('profile')
    .description('measure how the latency of a model depends on the widths of its parts, for prune --latency')
    .argument('<model>', 'ONNX file')
    .addOption(targetOption())
    .option('-o, --output <FILE>', 'write the measurements there, for prune --table')
    .option('--html <FILE>', 'write a page with curves there')
    .addOption(followLinksOption())
    .option('--json', 'print one JSON document on stdout');
  return addSizeOptions(command).action(run);
}

async function run(path: string, options: ProfileOptions): Promise<void> {
  await checkAllWritable([options.output, options.html], [path]);
  const analysis = prepare(await openModel(path, options));
  const measured = await withProgress((bar) =>
    withTarget(options.target, (target) =>
      profileWidths(analysis, target, {
        inputs: sizesOf(options),
        onProgress: (done, total) => bar.update('timing', done, total),
      }),
    ),
  );
  const fitted = fitLatency(analysis, measured);
  const write = async (file: string | undefined, text: () => string) => {
    if (file !== undefined) await writeTextWhole(file, text());
  };
  await write(options.output, () => `${JSON.stringify(measured)}\n`);
  await write(options.html, () => renderLatency(basename(path), measured, analysis, fitted));
  const curves = latencyCurves(analysis, fitted);
  if (options.json) return printJson({ ...measured, errors: fitted.errors, padding: fitted.padding, curves });
  const rows = curves.map(({ kind, points }) => [
    kind,
    ...SHARES.map((share) => percent(points.find((point) => Math.abs(point.share - share) < 1e-9)?.latency ?? 1)),
  ]);
  const [median, worst] = [fitted.errors[fitted.errors.length >> 1] ?? 0, fitted.errors.at(-1) ?? 0];
  process.stdout.write(
    `${[
      `${pc.bold(basename(path))} takes ${milliseconds(measured.fullMs)} on ${measured.target} (${measured.device})`,
      table(['latency left with', ...SHARES.map((share) => `${percent(share)} of units`)], rows, [0]),
      `from ${measured.samples.length} models; models that a fit did not know are off by ${percent(median)} in the median, ${percent(worst)} at worst`,
    ].join('\n')}\n`,
  );
}

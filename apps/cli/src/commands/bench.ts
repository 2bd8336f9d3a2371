import { basename } from 'node:path';
import {
  type BenchResult,
  COMPARE_TOLERANCE,
  compareResults,
  localTargets,
  measure,
  type OperatorProfile,
  PROTOCOLS,
  profileOperators,
  type ResultComparison,
  readResult,
  renderBench,
  renderOperators,
  resultCsv,
  resultMarkdown,
} from '@snp/bench';
import { SnpError } from '@snp/core';
import { writeTextWhole } from '@snp/onnx/node';
import { Command, Option } from 'commander';
import pc from 'picocolors';
import { checkAllWritable } from '../options/files.js';
import { fraction } from '../options/numbers.js';
import { addSizeOptions, sizesOf, type TargetOptions, targetOption, withTarget } from '../options/target.js';
import { EXIT } from '../output/exitCodes.js';
import { bytes, milliseconds, percent } from '../output/format.js';
import { printJson } from '../output/json.js';
import { withProgress } from '../output/progress.js';
import { table } from '../output/table.js';
import { printWarnings } from '../output/warnings.js';

interface BenchOptions extends TargetOptions {
  protocol: string;
  output?: string;
  html?: string;
  csv?: string;
  markdown?: string;
  compare?: boolean;
  tolerance: number;
  list?: boolean;
  operators?: boolean;
  json?: boolean;
}

/** `snp bench`: how fast models are on a device. */
export function benchCommand(): Command {
  const command = new Command('bench')
    .description('measure models against each other on a device; or compare two stored results')
    .argument(
      '[files...]',
      'ONNX files, the first of which the others are compared with; with --compare, an old and a new result',
    )
    .addOption(targetOption())
    .addOption(new Option('--protocol <NAME>', 'how to measure').choices(Object.keys(PROTOCOLS)).default('default'))
    .option('-o, --output <FILE>', 'write the result there as JSON, with every single run')
    .option('--html <FILE>', 'write a page with pictures there')
    .option('--csv <FILE>', 'write a line per model there')
    .option('--markdown <FILE>', 'write a table there')
    .option('--compare', `compare two results; exit code ${EXIT.slower} where a model became slower`)
    .option('--tolerance <SHARE>', 'with --compare: the smallest change that counts', fraction, COMPARE_TOLERANCE)
    .option('--operators', "where the time of one model goes, or of two, on this machine's CPU; with --html as a page")
    .option('--list', 'list targets, and why those that are not there are not')
    .option('--json', 'print one JSON document on stdout');
  return addSizeOptions(command).action(run);
}

async function run(files: string[], options: BenchOptions): Promise<void> {
  if (options.list) return list(options);
  if (options.compare) return compare(files, options);
  if (options.operators) return operators(files, options);
  if (files.length === 0)
    throw new SnpError(
      'invalid-argument',
      "No model is given. 'snp bench A.onnx B.onnx' measures B against A; --list shows targets.",
    );
  await checkAllWritable([options.output, options.html, options.csv, options.markdown], files);
  const models = namesOf(files).map((name, at) => ({ name, path: files[at], inputs: sizesOf(options) }));
  const result = await withProgress((bar) =>
    withTarget(options.target, (target) =>
      measure({
        models,
        target,
        protocol: options.protocol,
        onProgress: ({ step, done, total }) => bar.update(WORDS[step], done, total),
      }),
    ),
  );
  const write = async (path: string | undefined, text: () => string) => {
    if (path !== undefined) await writeTextWhole(path, text());
  };
  await write(options.output, () => `${JSON.stringify(result)}\n`);
  await write(options.html, () => renderBench(result));
  await write(options.csv, () => resultCsv(result));
  await write(options.markdown, () => resultMarkdown(result));
  printWarnings(result.warnings);
  if (options.json) printJson(result);
  else process.stdout.write(`${render(result)}\n`);
  if (result.models.some(({ state }) => state === 'failed')) process.exitCode = EXIT.error;
}

const WORDS = { load: 'loading', 'warm-up': 'warming up', measure: 'measuring' } as const;

/** File names, or whole paths where two files have the same name. */
function namesOf(files: readonly string[]): string[] {
  const short = files.map((file) => basename(file));
  return files.map((file, at) => (short.indexOf(short[at]) === short.lastIndexOf(short[at]) ? short[at] : file));
}

function render({ models, target, device, protocol, selfCheck }: BenchResult): string {
  const rows = models.map((model) => {
    if (model.state === 'failed') return [model.name, 'failed', '', '', '', '', ''];
    const { summary: s, speedUp, peakBytes } = model;
    return [
      model.name,
      milliseconds(s[protocol.statistic]),
      milliseconds(s.p99),
      `${((100 * s.deviation) / s.mean).toFixed(1)} %`,
      s.runs,
      peakBytes === undefined ? '-' : bytes(peakBytes),
      speedUp ? `${speedUp.ratio.toFixed(2)}  (${speedUp.low.toFixed(2)} to ${speedUp.high.toFixed(2)})` : '',
    ];
  });
  const failed = models.flatMap((model) => (model.state === 'failed' ? [`${model.name}: ${model.error}`] : []));
  return [
    pc.bold(`${target.description}`) +
      pc.dim(` (${target.runtime} ${target.version}), ${device.cores} x ${device.cpu}`),
    table(['model', protocol.statistic, '99 %', 'deviation', 'runs', 'memory', 'times as fast'], rows, [0]),
    ...failed.map((line) => pc.red(line)),
    pc.dim(
      `intervals hold the truth 99 times of 100${selfCheck ? `; the first model against itself: ${selfCheck.ratio.toFixed(3)} (${selfCheck.low.toFixed(3)} to ${selfCheck.high.toFixed(3)})` : ''}`,
    ),
  ].join('\n');
}

async function list({ json }: BenchOptions): Promise<void> {
  const targets = [];
  for (const target of localTargets()) {
    targets.push({ name: target.name, description: target.description, ...(await target.probe()) });
    await target.close?.();
  }
  if (json) return printJson(targets);
  const rows = targets.map((target) => [
    target.name,
    target.available
      ? `${target.runtime} ${target.version}${target.detail ? `, ${target.detail}` : ''}`
      : pc.dim(`not there: ${target.reason}`),
  ]);
  process.stdout.write(`${table(['target', 'what it is'], rows, [0, 1])}\n`);
}

async function operators(files: readonly string[], options: BenchOptions): Promise<void> {
  if (files.length < 1 || files.length > 2)
    throw new SnpError('invalid-argument', 'Give one model, or two to compare: snp bench --operators A.onnx B.onnx.');
  const target = options.target ?? 'cpu';
  const cpu = /^cpu(?:-(\d+))?$/.exec(target);
  if (!cpu)
    throw new SnpError('invalid-argument', `--operators is about this machine's CPU (cpu or cpu-N), not '${target}'.`);
  await checkAllWritable([options.html], files);
  const threads = cpu[1] === undefined ? undefined : Number(cpu[1]);
  const profiles: OperatorProfile[] = [];
  for (const file of files) profiles.push(await profileOperators(file, { inputs: sizesOf(options), threads }));
  const [before, after] = profiles;
  if (options.html !== undefined) await writeTextWhole(options.html, renderOperators(before, after));
  if (options.json) return printJson(profiles);
  const others = new Map(after?.operators.map(({ operator, ms: time }) => [operator, time]));
  const names = [...new Set(profiles.flatMap(({ operators: list }) => list.map(({ operator }) => operator)))];
  const first = new Map(before.operators.map((one) => [one.operator, one]));
  const rows = names.map((name) => {
    const own = first.get(name);
    return [
      name,
      own?.calls ?? 0,
      milliseconds(own?.ms ?? 0),
      percent(own?.ms ?? 0, before.totalMs),
      ...(after ? [milliseconds(others.get(name) ?? 0)] : []),
    ];
  });
  rows.push(['all', '', milliseconds(before.totalMs), '', ...(after ? [milliseconds(after.totalMs)] : [])]);
  const head = ['operator', 'calls', 'per run', 'share', ...(after ? ['after'] : [])];
  process.stdout.write(`${table(head, rows, [0])}\n`);
}

async function compare(files: readonly string[], { tolerance, json }: BenchOptions): Promise<void> {
  if (files.length !== 2)
    throw new SnpError('invalid-argument', 'Two results are compared: snp bench --compare old.json new.json.');
  const [before, after] = [await readResult(files[0]), await readResult(files[1])];
  const comparison = compareResults(before, after, { tolerance });
  printWarnings(comparison.warnings);
  if (json) printJson(comparison);
  else process.stdout.write(`${renderComparison(comparison)}\n`);
  if (comparison.verdict === 'slower') process.exitCode = EXIT.slower;
}

function renderComparison({ models, missing, verdict }: ResultComparison): string {
  const rows = models.map(({ name, speedUp: s, verdict: own }) => [
    name,
    `${s.ratio.toFixed(2)}  (${s.low.toFixed(2)} to ${s.high.toFixed(2)})`,
    own,
  ]);
  return [
    table(['model', 'times as fast as before', 'verdict'], rows, [0, 2]),
    ...(missing.length > 0 ? [`only in one of the results: ${missing.join(', ')}`] : []),
    `verdict: ${verdict}`,
  ].join('\n');
}

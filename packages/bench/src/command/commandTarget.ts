import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SnpError } from '@snp/onnx';
import { withTemporaryFolder } from '@snp/onnx/node';
import { z } from 'zod';
import { readJson } from '../json/readJson.js';
import type { Probe, Target } from '../target/target.js';

/** How to measure with a program that a device has, as data: a command to fill in and where it says how long runs took. */
export const commandTargetSchema = z.strictObject({
  name: z.string().min(1),
  description: z.string().optional(),
  command: z
    .array(z.string())
    .min(1)
    .describe('program and arguments; {model}, {runs}, {batch} and {out}, a file it may write, are filled in'),
  times: z.strictObject({
    from: z.enum(['stdout', 'out']).describe('what the program prints, or the file {out} it writes'),
    pattern: z.string().describe('regular expression; its first group is the time of a run, every match is one'),
    unit: z.enum(['s', 'ms', 'us']),
  }),
});

/** How to measure with a program that a device has. */
export type CommandTargetOptions = z.infer<typeof commandTargetSchema>;

const MILLISECONDS = { s: 1000, ms: 1, us: 0.001 } as const;

/** Programs that are known. `benchmark_app` tells the median of its runs alone, which counts as one run. */
export const KNOWN_COMMANDS: readonly CommandTargetOptions[] = [
  {
    name: 'trtexec',
    description: 'TensorRT, by trtexec',
    command: [
      'trtexec',
      '--onnx={model}',
      '--iterations={runs}',
      '--duration=0',
      '--warmUp=200',
      '--avgRuns=1',
      '--exportTimes={out}',
    ],
    times: { from: 'out', pattern: '"latencyMs"\\s*:\\s*([\\d.eE+-]+)', unit: 'ms' },
  },
  {
    name: 'benchmark_app',
    description: 'OpenVINO, by benchmark_app',
    command: ['benchmark_app', '-m', '{model}', '-api', 'sync', '-hint', 'latency', '-niter', '{runs}'],
    times: { from: 'stdout', pattern: 'Median:\\s+([\\d.]+) ms', unit: 'ms' },
  },
  {
    name: 'onnxruntime_perf_test',
    description: 'onnxruntime, by onnxruntime_perf_test',
    command: ['onnxruntime_perf_test', '-I', '-m', 'times', '-r', '{runs}', '{model}', '{out}'],
    times: { from: 'out', pattern: '^[^,\\n]*,\\s*([\\d.eE+-]+)\\s*,', unit: 's' },
  },
];

/**
 * A target that measures by running a program once for every turn. The program is started without a shell; it is trusted as its user is.
 *
 * @throws SnpError `invalid-argument` if the pattern is no regular expression.
 * @example
 * const target = commandTarget({
 *   name: 'mine',
 *   command: ['./time-model', '{model}', '--runs', '{runs}'],
 *   times: { from: 'stdout', pattern: 'run took ([\\d.]+) ms', unit: 'ms' },
 * });
 */
export function commandTarget(options: CommandTargetOptions): Target {
  const { name, description, command, times } = options;
  const pattern = compile(times.pattern, name);
  return {
    name,
    description: description ?? command[0],
    probe: () => probe(command[0]),
    async open(model) {
      const run = (runs: number, signal: AbortSignal | undefined): Promise<number[]> =>
        withTemporaryFolder(async (folder) => {
          const out = join(folder, 'out');
          const filled = { model: model.path, runs: String(runs), batch: String(model.inputs.batch), out };
          const printed = await execute(
            command.map((part) => fill(part, filled)),
            signal,
          );
          const text = times.from === 'stdout' ? printed : await readFile(out, 'utf8').catch(() => '');
          const found = [...text.matchAll(pattern)].map((match) => Number(match[1]) * MILLISECONDS[times.unit]);
          if (found.length > 0 && found.every((time) => Number.isFinite(time) && time > 0)) return found;
          throw new SnpError(
            'runtime',
            `'${command[0]}' told no times that ${times.pattern} finds. It printed: ${printed.slice(-300).trim()}`,
          );
        });
      return {
        warmsUpItself: true,
        time: (runs, { signal } = {}) => run(runs, signal),
        footprint: async () => ({}),
        close: async () => undefined,
      };
    },
  };
}

/**
 * Reads a command target from a JSON file.
 *
 * @throws SnpError `io` or `invalid-argument`.
 */
export async function readCommandTarget(path: string): Promise<Target> {
  return commandTarget(await readJson(path, commandTargetSchema, 'command target'));
}

function compile(pattern: string, name: string): RegExp {
  try {
    return new RegExp(pattern, 'gm');
  } catch (cause) {
    throw new SnpError(
      'invalid-argument',
      `The pattern of target '${name}' is no regular expression: ${pattern}.`,
      {},
      { cause },
    );
  }
}

function fill(part: string, values: Readonly<Record<string, string>>): string {
  return part.replace(/\{(model|runs|batch|out)\}/g, (_, key: string) => values[key]);
}

/** Runs a program to its end; an abort ends it with all that it started. */
function execute([program, ...parameters]: readonly string[], signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const detached = process.platform !== 'win32';
    const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'], detached });
    let [printed, errors] = ['', ''];
    const stop = () => {
      try {
        if (detached && child.pid) process.kill(-child.pid, 'SIGKILL');
        else child.kill('SIGKILL');
      } catch {
        // It has ended already.
      }
    };
    signal?.addEventListener('abort', stop, { once: true });
    child.stdout.on('data', (chunk) => {
      printed = (printed + chunk).slice(-MOST_OUTPUT);
    });
    child.stderr.on('data', (chunk) => {
      errors = (errors + chunk).slice(-4000);
    });
    child.on('error', (cause) =>
      reject(new SnpError('runtime', `'${program}' cannot be started: ${cause.message}.`, {}, { cause })),
    );
    child.on('close', (code, killed) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) reject(new SnpError('aborted', `'${program}' was stopped.`, {}, { cause: signal.reason }));
      else if (code === 0) resolve(printed);
      else {
        const last = (errors.trim() || printed.trim()).split('\n').slice(-3).join(' ');
        reject(new SnpError('runtime', `'${program}' ended with ${killed ?? `exit code ${code}`}: ${last}`));
      }
    });
  });
}

const MOST_OUTPUT = 16 * 2 ** 20;

function probe(program: string): Promise<Probe> {
  return new Promise((resolve) => {
    const child = spawn(program, ['--version'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk));
    child.on('error', () => {
      clearTimeout(timer);
      resolve({ available: false, reason: `'${program}' is not installed, or not in the PATH.` });
    });
    child.on('close', () => {
      clearTimeout(timer);
      const version = /\d+\.\d+(\.\d+)*/.exec(printed)?.[0] ?? 'unknown version';
      resolve({ available: true, runtime: program, version });
    });
  });
}

import { type InputSizes, resolveTarget, type Target } from '@snp/bench';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { wholeNumber } from './numbers.js';

/** Options of every command that measures. */
export interface TargetOptions {
  target?: string;
  batch?: number;
  dim?: Record<string, number>;
}

/** `--target`: where models run. */
export function targetOption(): Option {
  return new Option(
    '--target <NAME>',
    "where models run: cpu (this machine's onnxruntime with its defaults), cpu-N with N threads, any other that 'snp bench --list' shows, http://HOST:PORT of an agent, or a JSON file that describes a command",
  );
}

/** Uses the target that the options name, and frees what it holds. */
export async function withTarget<T>(name: string | undefined, use: (target: Target) => Promise<T>): Promise<T> {
  const target = await resolveTarget(name ?? 'cpu');
  try {
    return await use(target);
  } finally {
    await target.close?.();
  }
}

/** Adds `--batch` and `--dim` for free dimensions. */
export function addSizeOptions(command: Command): Command {
  return command
    .option('--batch <N>', 'first dimension of inputs, where it is free (default: 1)', wholeNumber(1))
    .addOption(dimOption());
}

/** `--dim`, of every command that makes inputs or counts costs. */
export function dimOption(): Option {
  return new Option(
    '--dim <NAME=N>',
    'size of a free dimension of inputs (default: found by trying); repeatable',
  ).argParser(dimension);
}

/** Sizes of inputs as the options say. */
export function sizesOf({ batch = 1, dim }: TargetOptions): InputSizes {
  return { batch, ...(dim && { dims: dim }) };
}

/** Collects `--dim sequence=128`. */
function dimension(text: string, earlier: Record<string, number> = {}): Record<string, number> {
  const [name, size] = text.split('=');
  const value = Number(size);
  if (!name || !Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('Write NAME=N, as in sequence=128.');
  return { ...earlier, [name]: value };
}

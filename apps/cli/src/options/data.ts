import type { Model } from '@snp/core';
import { type Calibration, encoderBeside, openCalibration, tensorInputs, tokenizerBeside } from '@snp/runtime';
import type { Command } from 'commander';
import pc from 'picocolors';
import { wholeNumber } from './numbers.js';

/** Options that say which data to read and how. */
export interface DataOptions {
  preprocess?: string | undefined;
  tokenizer?: string | undefined;
  tokens?: number | undefined;
  field?: string | undefined;
  pack?: boolean | undefined;
  stride?: number | undefined;
  limit?: number;
  every?: number;
  start?: number;
  batch?: number;
  seed?: number;
}

/** The names of all of them. */
export const DATA_OPTIONS = [
  'preprocess',
  'tokenizer',
  'tokens',
  'field',
  'pack',
  'stride',
  'limit',
  'every',
  'start',
  'batch',
] as const satisfies readonly (keyof DataOptions)[];

/** Adds the options that every command with data has. */
export function addDataOptions(command: Command): Command {
  return command
    .option(
      '--preprocess <NAME|FILE>',
      'how pictures become numbers: imagenet, inception, clip, cifar10, or a preprocessor_config.json (default: by the size of the input)',
    )
    .option(
      '--tokenizer <FILE>',
      "for texts: tokenizer.json as Hugging Face writes it (default: the one in the model's folder, or in the folder around it)",
    )
    .option(
      '--tokens <N>',
      'for texts: tokens of a sample, at most (default: what the model takes, but no more than 256)',
      wholeNumber(2),
    )
    .option('--field <NAME>', 'for .jsonl and .json: field that holds the text (default: text, content or sentence)')
    .option('--pack', 'for texts: put one behind the other, and cut them into samples of equal length')
    .option('--stride <N>', 'with --pack: tokens from the begin of a sample to that of the next', wholeNumber(1))
    .option('--limit <N>', 'use N samples, spread over all, folder by folder', wholeNumber(1))
    .option(
      '--every <K>',
      'use every K-th sample in file order (with --start: to calibrate on one half and measure on the other)',
      wholeNumber(1),
    )
    .option('--start <N>', 'position of the first sample to use, from 0', wholeNumber(0))
    .option('--batch <N>', 'samples per run of the model', wholeNumber(1))
    .option(
      '--seed <N>',
      'seed of what is drawn: which samples --limit takes, random criteria, training',
      wholeNumber(0),
    );
}

/**
 * Opens pictures, texts or arrays as inputs of a model, and says what was read where that is not plain to see.
 *
 * @param of The model, and the file that it came from: a tokenizer may lie beside it.
 */
export async function openData(
  path: string,
  of: { model: Model; file: string },
  options: DataOptions,
): Promise<Calibration> {
  const { tokenizer = await tokenizerBeside(of.file), ...rest } = options;
  const encoder = await encoderBeside(of.file);
  const calibration = await openCalibration(path, { ...rest, tokenizer, encoder, inputs: tensorInputs(of.model) });
  if (calibration.description) process.stderr.write(`${pc.dim('data')} ${calibration.description}\n`);
  return calibration;
}

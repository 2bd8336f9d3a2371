import type { Model } from '@snp/core';
import { type Calibration, openCalibration, type TensorInfo } from '@snp/runtime';
import type { Command } from 'commander';
import { wholeNumber } from './numbers.js';

/** Options that say which data to read and how. */
export interface DataOptions {
  preprocess?: string | undefined;
  limit?: number;
  every?: number;
  start?: number;
  batch?: number;
}

/** Adds the options that every command with data has. */
export function addDataOptions(command: Command): Command {
  return command
    .option(
      '--preprocess <NAME|FILE>',
      'how pictures become numbers: imagenet, inception, clip, cifar10, or a preprocessor_config.json (default: by the size of the input)',
    )
    .option('--limit <N>', 'use at most N samples', wholeNumber(1))
    .option(
      '--every <K>',
      'use every K-th sample in file order (with --start: to calibrate on one half and measure on the other)',
      wholeNumber(1),
    )
    .option('--start <N>', 'position of the first sample to use, from 0', wholeNumber(0))
    .option('--batch <N>', 'samples per run of the model', wholeNumber(1));
}

/** Opens a folder of pictures or arrays as inputs of a model. */
export async function openData(path: string, model: Model, options: DataOptions): Promise<Calibration> {
  return openCalibration(path, { ...options, inputs: inputsOf(model) });
}

/** What a model expects, from its file. */
function inputsOf(model: Model): TensorInfo[] {
  return model.graph.inputs
    .filter((input) => !input.tensor)
    .map((input) => ({ name: input.name, type: input.type?.elementType ?? 'FLOAT', dims: input.type?.shape ?? [] }));
}

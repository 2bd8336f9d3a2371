import type { Model } from '@snp/core';
import { readModel } from '@snp/onnx/node';
import { Option } from 'commander';

/** Options of every command that reads a model. */
export interface ModelOptions {
  followLinks?: boolean;
}

/** `--follow-links`, for download caches that link on purpose. */
export function followLinksOption(): Option {
  return new Option('--follow-links', 'read external data through links that lead out of the folder of the model');
}

/** `--narrow-cache`, for models whose past keys and values are inputs and outputs. */
export function narrowCacheOption(): Option {
  return new Option(
    '--narrow-cache',
    'also cut past keys and values where they are inputs and outputs of the model: programs that feed them must take their new form',
  );
}

/** Reads a model as the options say. */
export function openModel(path: string, { followLinks = false }: ModelOptions): Promise<Model> {
  return readModel(path, { followLinks });
}

import { randomFeeds } from '@snp/core';
import { inferShapes } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import type { Feeds } from '@snp/runtime';
import type { InputSizes } from './target.js';

/** Random inputs for the model in a file. */
export async function feedsFor(path: string, { batch, dims }: InputSizes): Promise<Feeds> {
  const model = await readModel(path);
  return randomFeeds(model, inferShapes(model), { seed: 1, batch, ...(dims && { dims }) });
}

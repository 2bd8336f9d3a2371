import { randomFeeds } from '@snp/core';
import { inferShapes } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import type { Feeds } from '@snp/runtime';
import type { BenchModel, InputSizes } from './target.js';

/** Random inputs for the model in a file. */
export async function feedsFor(path: string, { batch, dims }: InputSizes): Promise<Feeds> {
  const model = await readModel(path);
  return randomFeeds(model, inferShapes(model), { seed: 1, batch, ...(dims && { dims }) });
}

const known = new WeakMap<BenchModel, Promise<Feeds>>();

/** The same for a model that is to be measured, made once however often it is loaded. */
export function feedsOf(model: BenchModel): Promise<Feeds> {
  const feeds = known.get(model) ?? feedsFor(model.path, model.inputs);
  known.set(model, feeds);
  return feeds;
}

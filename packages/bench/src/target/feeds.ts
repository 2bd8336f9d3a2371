import { findInputs, randomFeeds } from '@snp/core/inputs';
import { freeNames, inferShapes } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import { type Feeds, onnxRuntime } from '@snp/runtime';
import type { BenchModel, InputSizes } from './target.js';

/** Random inputs for the model in a file. Sizes of free dimensions that are not given are found by trying which the model takes. */
export async function feedsFor(path: string, { batch, dims }: InputSizes): Promise<Feeds> {
  const model = await readModel(path);
  const shapes = inferShapes(model);
  const open = freeNames(model.graph, shapes).others.some((name) => dims?.[name] === undefined);
  if (!open) return randomFeeds(model, shapes, { seed: 1, batch, dims });
  const session = await onnxRuntime().open(path);
  try {
    return (await findInputs(model, shapes, (feeds) => session.run(feeds), { seed: 1, batch, dims })).feeds;
  } finally {
    await session.close();
  }
}

const known = new WeakMap<BenchModel, Promise<Feeds>>();

/** The same for a model that is to be measured, made once however often it is loaded. */
export function feedsOf(model: BenchModel): Promise<Feeds> {
  const feeds = known.get(model) ?? feedsFor(model.path, model.inputs);
  known.set(model, feeds);
  return feeds;
}

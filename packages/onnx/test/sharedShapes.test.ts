import { expect, it } from 'vitest';
import {
  decodeModel,
  evaluateDim,
  inferShapes,
  isKnownDim,
  type Model,
  type ShapeInfo,
  type Value,
} from '../src/index.js';
import { examplesOf, plainSession, typeOf } from './support/runtime.js';
import { describeShared, sharedModels } from './support/sharedModels.js';

/** Hands out every intermediate value as an output. */
function exposeAll(model: Model, shapes: ShapeInfo): Value[] {
  const { graph } = model;
  const values = graph.nodes.flatMap((node) => node.outputs.filter((value) => value !== undefined));
  const outputs = new Set(graph.outputs);
  for (const value of values) {
    if (outputs.has(value)) continue;
    value.type = { elementType: shapes.elementType(value)!, shape: undefined };
    graph.outputs.push(value);
  }
  return values;
}

const numbersOf = (data: unknown) => Array.from(data as ArrayLike<number | bigint>, Number);

describeShared('inferred shapes against onnxruntime', () => {
  it.each(sharedModels)('$file', async ({ bytes, inputs }) => {
    const model = decodeModel(bytes());
    const start = performance.now();
    const shapes = inferShapes(model);
    const elapsed = performance.now() - start;
    const examples = examplesOf(model, shapes, inputs);
    const values = exposeAll(model, shapes);
    const unknown = values.filter((value) => !shapes.shape(value)?.every(isKnownDim));
    expect(unknown.map((value) => value.name)).toEqual([]);
    const session = await plainSession(model);
    for (const { feeds, sizes } of examples) {
      const results = await session.run(feeds);
      const wrong = values.filter((value) => {
        const inferred = shapes.shape(value)!.map((dim) => evaluateDim(dim, sizes));
        const { dims } = results[value.name];
        return String(inferred) !== String(dims) || shapes.elementType(value) !== typeOf(results[value.name]);
      });
      expect(wrong.map((value) => value.name)).toEqual([]);
      for (const value of values) {
        const content = shapes.content(value)?.map((item) => evaluateDim(item, sizes));
        if (content) expect(content, value.name).toEqual(numbersOf(results[value.name].data));
      }
    }
    await session.release();
    // The bound is 200 ms for 1,600 nodes on an idle machine; three times that here.
    expect(elapsed).toBeLessThan(600);
  });
});

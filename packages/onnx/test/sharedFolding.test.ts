import { expect, it } from 'vitest';
import {
  cloneModel,
  costOf,
  countAxesFromEnd,
  decodeModel,
  foldConstants,
  inferShapes,
  inlineFunctions,
  type Model,
  removeRoundTrips,
  settleRandomness,
  simplifyShapes,
  unpackSequences,
} from '../src/index.js';
import { expectSameAnswers, freeDimensions, randomFeeds } from './support/answers.js';
import { examplesOf, plainSession } from './support/runtime.js';
import { describeShared, sharedFiles, sharedModels } from './support/sharedModels.js';

/** All that is done to a model before it is analysed. */
function prepared(model: Model): Model {
  const copy = cloneModel(model);
  inlineFunctions(copy);
  unpackSequences(copy);
  foldConstants(copy);
  simplifyShapes(copy);
  removeRoundTrips(copy);
  countAxesFromEnd(copy);
  return copy;
}

const SIZES = [
  [1, 1],
  [2, 5],
  [3, 1],
];

/** Random inputs of several sizes: the first free dimension, which is the batch by habit, and all others. */
function feedsOf(model: Model) {
  const names = freeDimensions(model);
  return SIZES.map(([batch, other], seed) =>
    randomFeeds(model, Object.fromEntries(names.map((name, at) => [name, at === 0 ? batch : other])), seed),
  );
}

describeShared('prepared models against onnxruntime, as the file is and at other sizes', () => {
  it.each(sharedFiles)('$file', async ({ file, bytes }) => {
    const model = decodeModel(bytes());
    const loads = await plainSession(model).then(
      (session) => session.release().then(() => true),
      (error: Error) => String(error.message),
    );
    if (loads !== true) {
      console.warn(`Skipped: ${file} does not load in this runtime (${loads}).`);
      return;
    }
    settleRandomness(model);
    const listed = sharedModels.find((other) => other.file === file);
    const examples = listed ? examplesOf(model, inferShapes(model), listed.inputs).map(({ feeds }) => feeds) : [];
    const ready = prepared(model);
    // A product with a copy of a weight takes another path through the runtime than one with the weight, and is rounded otherwise, unless it may take the copy out.
    const ran = await expectSameAnswers(model, ready, [...examples, ...feedsOf(model)], { level: 'basic' });
    if (ran === 0) console.warn(`Not compared: ${file} takes no random inputs.`);
    const untouched = prepared(ready);
    expect(untouched.graph.nodes.length).toBe(ready.graph.nodes.length);
  });
});

describeShared('folded models', () => {
  it.each(sharedModels)('$file', ({ bytes }) => {
    const model = decodeModel(bytes());
    const before = costOf(model);
    foldConstants(model);
    const shapes = inferShapes(model);
    const stale = model.graph.nodes.filter(
      (node) => node.op === 'Constant' || shapes.content(node.outputs[0]!)?.every((item) => typeof item === 'number'),
    );
    expect(stale.filter((node) => node.op === 'Shape' || node.op === 'Constant').map((node) => node.label)).toEqual([]);
    const after = costOf(model);
    expect([after.params, after.macs]).toEqual([before.params, before.macs]);
    expect(foldConstants(model).folded).toBe(0);
  });
});

import { expect, it } from 'vitest';
import { costOf, decodeModel, foldConstants, inferShapes } from '../src/index.js';
import { examplesOf, plainSession } from './support/runtime.js';
import { describeShared, sharedModels } from './support/sharedModels.js';

describeShared('folded models against onnxruntime', () => {
  it.each(sharedModels)('$file', { timeout: 180_000 }, async ({ bytes, inputs }) => {
    const original = bytes();
    const model = decodeModel(original);
    const before = costOf(model);
    foldConstants(model);
    const shapes = inferShapes(model);
    const stale = model.graph.nodes.filter(
      (node) => node.op === 'Constant' || shapes.content(node.outputs[0]!)?.every((item) => typeof item === 'number'),
    );
    expect(stale.filter((node) => node.op === 'Shape' || node.op === 'Constant').map((node) => node.label)).toEqual([]);
    const after = costOf(model);
    expect([after.params, after.macs]).toEqual([before.params, before.macs]);
    const [plain, folded] = [await plainSession(original), await plainSession(model)];
    for (const { feeds } of examplesOf(model, shapes, inputs)) {
      const [expected, actual] = [await plain.run(feeds), await folded.run(feeds)];
      for (const name of Object.keys(expected)) {
        expect(actual[name].dims).toEqual(expected[name].dims);
        expect(Buffer.compare(bytesOf(actual[name].data), bytesOf(expected[name].data)), name).toBe(0);
      }
    }
    await plain.release();
    await folded.release();
    expect(foldConstants(model).folded).toBe(0);
  });
});

function bytesOf(data: unknown): Uint8Array {
  const { buffer, byteOffset, byteLength } = data as Float32Array;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

import { expect, it } from 'vitest';
import { costOf, decodeModel } from '../src/index.js';
import { describeShared, sharedModels } from './support/sharedModels.js';

const costOfFile = (file: string) => costOf(decodeModel(sharedModels.find((model) => model.file === file)!.bytes()));

/** Width E, hidden width F, N tokens, from the architecture's description. */
function deitCost(width: number, hidden: number, tokens: number) {
  const block = tokens * (4 * width * width + 2 * width * hidden) + 2 * tokens * tokens * width;
  const macs = 196 * 768 * width + 12 * block + width * 1000;
  const blockParams = 4 * width * width + 4 * width + 2 * width * hidden + hidden + width + 4 * width;
  const embedding = 768 * width + width + width + tokens * width;
  return { macs, params: embedding + 12 * blockParams + 2 * width + width * 1000 + 1000 };
}

describeShared('cost of published architectures', () => {
  it.each(['deit_tiny_patch16_224.onnx', 'deit_tiny_dynamo_opset23.onnx'])('%s', (file) => {
    const { macs, params, uncounted } = costOfFile(file);
    expect({ macs, params }).toEqual(deitCost(192, 768, 197));
    expect((macs / 1e9).toFixed(3)).toBe('1.254');
    expect((params / 1e6).toFixed(3)).toBe('5.717');
    expect(uncounted).toEqual([]);
  });

  it('efficientformer_l1.onnx: 1.3 GMACs as published', () => {
    expect((costOfFile('efficientformer_l1.onnx').macs / 1e9).toFixed(1)).toBe('1.3');
  });

  it('the same for a graph and its rewrite by onnxruntime', () => {
    const [plain, fused] = ['bert_like.onnx', 'bert_like.ort_extended.onnx'].map(costOfFile);
    expect([fused.macs, fused.params]).toEqual([plain.macs, plain.params]);
  });
});

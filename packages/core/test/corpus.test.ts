import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Tensor } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import { onnxRuntime } from '@snp/runtime';
import { normals, random, sharedFolder } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { type Analysis, applyPlan, prepare, verify } from './support/core.js';
import { randomPlan } from './support/equivalence.js';

const shared = sharedFolder();
const corpus = shared && existsSync(join(shared, 'corpus')) ? join(shared, 'corpus') : undefined;
const files = corpus ? readdirSync(corpus).filter((file) => file.endsWith('.onnx')) : [];
if (files.length === 0) {
  console.warn("skipped: onnxruntime's own test models, because ../shared is missing");
  it.skip("onnxruntime's own test models, because ../shared is missing");
}

/** Files that onnxruntime itself does not run here, or not on random inputs: with its words for it. */
const CANNOT_RUN: Readonly<Record<string, RegExp>> = {
  'attention_past_state.u8u8.onnx': /b zero point is not valid/,
  'packed_attention_fp32.onnx': /Could not find an implementation for RestorePadding/,
};

/** Other weights in all groups: test models often hold equal numbers, which hide mistakes. */
function fillWeights({ groups }: Analysis): void {
  for (const value of new Set(groups.flatMap(({ members }) => members.map(({ initializer }) => initializer)))) {
    const { dataType, dims, size } = value.tensor!;
    const numbers = normals(random(1, value.name), size).map((number) => number / Math.sqrt(dims[0]));
    value.tensor = Tensor.fromNumbers(dataType, dims, numbers);
  }
}

describe.skipIf(files.length === 0).each(files)('%s', (file) => {
  it('is pruned right, or refused with reasons', async () => {
    const analysis = prepare(await readModel(join(corpus!, file)), { allowNothing: true });
    if (analysis.groups.length === 0) {
      // Every file has weights; what cannot be pruned has to say why.
      for (const { reason } of analysis.frozen) expect(reason.reason).not.toBe('');
      return;
    }
    fillWeights(analysis);
    const half = analysis.model.graph.initializers.some(({ tensor }) => tensor!.dataType === 'FLOAT16');
    for (const share of [0.75, 0.5, 0.25]) {
      const plan = randomPlan(analysis, () => true, share, 5);
      const verification = verify(analysis, applyPlan(analysis, plan), plan, { runtime: onnxRuntime() });
      if (CANNOT_RUN[file]) await expect(verification).rejects.toThrow(CANNOT_RUN[file]);
      else expect((await verification).difference).toBeLessThan(half ? 1e-2 : 1e-4);
    }
  });
});

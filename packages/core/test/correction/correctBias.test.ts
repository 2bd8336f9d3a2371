import type { Model } from '@snp/onnx';
import { onnxRuntime, tensors } from '@snp/runtime';
import { runModel } from '@snp/testing';
import { expect, it } from 'vitest';
import { anyUnits, applyPlan, calibrate, correctBias, open } from '../support/core.js';
import { smallVit, smallVitFeeds } from '../support/smallVit.js';

const SAMPLES = 24;
const pictures = Array.from({ length: SAMPLES }, (_, seed) => smallVitFeeds(seed));

/** Mean of every logit over all pictures, one run each. */
async function meansOf(model: Model): Promise<number[]> {
  const means = Array(7).fill(0);
  for (const picture of pictures) {
    const { logits } = await runModel(model, picture);
    (logits.data as Float32Array).forEach((logit, at) => {
      means[at] += logit / SAMPLES;
    });
  }
  return means;
}

it('a model whose biases are corrected has the mean answers of the original, and nothing else is changed', async () => {
  const model = smallVit({ depth: 2 });
  const context = await open(model, { calibration: tensors(pictures, { count: SAMPLES }), runtime: onnxRuntime() });
  const halves = context.analysis.groups.filter(({ kind }) => kind === 'ffn').map(({ id }) => [id, 24]);
  const cut = applyPlan(context.analysis, anyUnits(context.analysis, Object.fromEntries(halves)));
  const corrected = await correctBias(context, cut, await calibrate(context, { moments: [] }));
  const [want, before, after] = [await meansOf(model), await meansOf(cut), await meansOf(corrected)];
  const distance = (means: readonly number[]) => Math.max(...means.map((mean, at) => Math.abs(mean - want[at])));
  expect(distance(before)).toBeGreaterThan(0.01);
  expect(distance(after)).toBeLessThan(1e-4 * distance(before));
  const changed = corrected.graph.initializers.filter(({ name, tensor }) => cut.graph.value(name).tensor !== tensor);
  expect(changed.map(({ tensor }) => tensor!.dims)).toEqual([[7]]);
});

import { readFile } from 'node:fs/promises';
import { gradientModel } from '@snp/gradient';
import { decodeModel } from '@snp/onnx';
import { onnxRuntime } from '@snp/runtime';
import type { Browser } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { startBrowser } from '../src/web/browser.js';
import { drawn, type GradientPage } from './support/gradientPageTypes.js';
import { openPage } from './support/openPage.js';

const vit = await readFile(new URL('../../../examples/shapes/vit-shapes.onnx', import.meta.url));
const browser: Browser | string = await startBrowser({ webgpu: false }).catch((error: Error) => error.message);
if (typeof browser === 'string') console.warn(`No gradients in a browser: ${browser}`);

declare const page: GradientPage;

describe.skipIf(typeof browser === 'string')('in a browser', () => {
  afterAll(() => (browser as Browser).close());

  it('a model is differentiated, and its gradients are computed, as in Node', async () => {
    const { page: tab } = await openPage(browser as Browser, { script: 'gradientPage.ts', model: vit });

    const model = decodeModel(vit);
    const [input] = model.graph.inputs.filter(({ tensor }) => !tensor);
    const [output] = model.graph.outputs;
    const dims = [2, ...input.type!.shape!.slice(1).map(Number)];
    const width = Number(output.type!.shape!.at(-1));
    const weights = model.graph.initializers.filter(
      ({ tensor }) => tensor!.dataType === 'FLOAT' && tensor!.dims.length === 2,
    );
    const by = [weights[0].name, weights[weights.length - 1].name, input.name];
    const theirs = await tab.evaluate((given) => page.gradients(...given), [
      by,
      { input: input.name, dims, output: output.name, width },
    ] as const as [string[], { input: string; dims: number[]; output: string; width: number }]);

    const { model: own, directions, gradients } = gradientModel(model, { by });
    const session = await onnxRuntime().open(own);
    try {
      const size = dims.reduce((product, dim) => product * dim, 1);
      const found = await session.run({
        [input.name]: { type: 'FLOAT', dims, data: drawn(size, 1) },
        [directions[output.name]]: { type: 'FLOAT', dims: [2, width], data: drawn(2 * width, 2) },
      });
      for (const name of by) {
        const ours = found[gradients[name]].data as Float32Array;
        const scale = ours.reduce((most, number) => Math.max(most, Math.abs(number)), 0);
        expect(scale, name).toBeGreaterThan(0);
        expect(theirs[name].length, name).toBe(ours.length);
        for (const [at, number] of ours.entries())
          expect(Math.abs(theirs[name][at] - number), name).toBeLessThan(1e-4 * scale);
      }
    } finally {
      await session.close();
    }
  });
});

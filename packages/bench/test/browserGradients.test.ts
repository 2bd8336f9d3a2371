import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gradientModel } from '@snp/gradient';
import { decodeModel } from '@snp/onnx';
import { onnxRuntime } from '@snp/runtime';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { startBrowser } from '../src/web/browser.js';
import { drawn, type GradientPage } from './support/gradientPageTypes.js';

const vit = await readFile(new URL('../../../examples/shapes/vit-shapes.onnx', import.meta.url));
const ort = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
const browser: Browser | string = await startBrowser({ webgpu: false }).catch((error: Error) => error.message);
if (typeof browser === 'string') console.warn(`No gradients in a browser: ${browser}`);

declare const page: GradientPage;

describe.skipIf(typeof browser === 'string')('in a browser', () => {
  afterAll(() => (browser as Browser).close());

  it('a model is differentiated, and its gradients are computed, as in Node', async () => {
    const entryPoints = [fileURLToPath(new URL('support/gradientPage.ts', import.meta.url))];
    const bundle = await build({ entryPoints, bundle: true, format: 'esm', platform: 'browser', write: false });
    const tab = await (browser as Browser).newPage();
    await tab.route('http://snp.test/**', async (route) => {
      const path = new URL(route.request().url()).pathname;
      if (path === '/model.onnx') return route.fulfill({ body: vit });
      if (path === '/page.js')
        return route.fulfill({ body: bundle.outputFiles[0].text, contentType: 'text/javascript' });
      if (path.startsWith('/ort/')) {
        const contentType = path.endsWith('.wasm') ? 'application/wasm' : 'text/javascript';
        return route.fulfill({ body: await readFile(join(ort, path.slice('/ort/'.length))), contentType });
      }
      return route.fulfill({ body: '<script type="module" src="page.js"></script>', contentType: 'text/html' });
    });
    await tab.goto('http://snp.test/');
    await tab.waitForFunction('globalThis.page');

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

import { prepare, verify } from '@snp/core';
import { calibrate, estimateSensitivity, open, solveCompensation } from '@snp/core/stages';
import { decodeModel, encodeModel } from '@snp/onnx';
import { onnxRuntime, tensors } from '@snp/runtime';
import { buildVit } from '@snp/testing';
import { tune } from '@snp/tune';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBrowser } from '../src/web/browser.js';
import { type CalibratedPage, pictures, TUNING } from './support/calibratedPageTypes.js';
import { openPage } from './support/openPage.js';

const size = { image: 32, patch: 8, residual: 24, depth: 2, heads: 3, classes: 10 } as const;
const bytes = Buffer.concat(encodeModel(buildVit({ ...size, blocks: { queryKey: 8, value: 8, ffn: 48 } })));
const browser: Browser | string = await startBrowser({ webgpu: false }).catch((error: Error) => error.message);
if (typeof browser === 'string') console.warn(`No calibration in a browser: ${browser}`);

declare const page: CalibratedPage;

describe.skipIf(typeof browser === 'string')('with data in a browser', { timeout: 300_000 }, () => {
  let tab: Page;
  let posted: () => Buffer;
  const model = decodeModel(bytes);
  const [input] = model.graph.inputs.filter(({ tensor }) => !tensor);
  const calibration = tensors(pictures(input.name, input.type!.shape!.slice(1).map(Number)));
  const runtime = onnxRuntime();

  beforeAll(async () => {
    ({ page: tab, posted } = await openPage(browser as Browser, { script: 'calibratedPage.ts', model: bytes }));
  });
  afterAll(() => (browser as Browser).close());

  it('sensitivity is estimated by gradients as in Node', async () => {
    const theirs = await tab.evaluate(() => page.sensitivity());
    const context = await open(model, { calibration, runtime });
    const compensations = await solveCompensation(context, await calibrate(context), { curves: true });
    const ours = await estimateSensitivity(context, compensations);
    const points = Object.entries(ours).flatMap(([id, list]) => list.map((point, at) => ({ id, at, ...point })));
    expect(points.filter(({ estimated }) => estimated).length).toBeGreaterThan(points.length / 2);
    // Directions are drawn by the runtime's C++ library, which is another one there: each estimate scatters.
    const logarithms = points.map(({ id, at, width, divergence, estimated }) => {
      expect(theirs[id][at], id).toMatchObject({ width, ...(estimated && { estimated }) });
      const logarithm = Math.log(theirs[id][at].divergence / divergence);
      expect(Math.abs(logarithm), id).toBeLessThan(Math.log(1.5));
      return logarithm;
    });
    expect(Math.abs(logarithms.reduce((sum, own) => sum + own, 0) / points.length)).toBeLessThan(Math.log(1.1));
  });

  it('a budget is met, by a model that is proven there and here', async () => {
    const { plan, report } = await tab.evaluate((macs) => page.prune(macs), 0.6);
    expect(report.cost.after.macs).toBeLessThanOrEqual(0.6 * report.cost.before.macs);
    expect(report.verified).toMatchObject({ passed: true, inputs: 'data' });
    const here = await verify(prepare(model), decodeModel(posted()), plan, { runtime, data: calibration });
    expect(here).toMatchObject({ passed: true });
  });

  it('what stays is tuned as in Node', async () => {
    const theirs = await tab.evaluate((macs) => page.tune(macs), 0.5);
    const ours = await tune(decodeModel(posted()), { teacher: model, data: calibration, runtime, ...TUNING });
    expect(theirs.history.length).toBe(ours.history.length);
    const [their, our] = [theirs, ours].map(({ before, history }) => [before, ...history].map(({ loss }) => loss));
    for (const [at, loss] of our.entries()) expect(Math.abs(their[at] - loss), String(at)).toBeLessThan(0.02 * loss);
    expect(Math.min(...their)).toBeLessThan(0.95 * theirs.before.loss);
  });
});

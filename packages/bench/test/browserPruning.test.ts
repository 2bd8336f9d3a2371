import { readFile } from 'node:fs/promises';
import { criterionByName, prepare, prune } from '@snp/core';
import { applyPlan } from '@snp/core/stages';
import { decodeModel, encodeModel, Graph, Model, Tensor } from '@snp/onnx';
import type { Browser } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { startBrowser } from '../src/web/browser.js';
import { openPage } from './support/openPage.js';
import type { PrunePage } from './support/prunePageTypes.js';

const vit = await readFile(new URL('../../../examples/shapes/vit-shapes.onnx', import.meta.url));
const browser: Browser | string = await startBrowser({ webgpu: false }).catch((error: Error) => error.message);
if (typeof browser === 'string') console.warn(`No pruning in a browser: ${browser}`);

const open = (model: Uint8Array) => openPage(browser as Browser, { script: 'prunePage.ts', model });

const bytesOf = (model: Model) => Buffer.concat(encodeModel(model));

declare const page: PrunePage;

describe.skipIf(typeof browser === 'string')('in a browser', () => {
  afterAll(() => (browser as Browser).close());

  it.each([
    { criterion: 'l2', budget: { macs: 0.6 } },
    { criterion: 'l2', ratios: { ffn: 0.5, value: 0.25 } },
    { criterion: 'snp', budget: { params: 0.5 } },
  ])('prune() gives the bytes that Node gives: %j', async (options) => {
    const { page: tab, posted } = await open(vit);
    const { plan, cost } = await tab.evaluate((given) => page.prune(given), options);
    const pruned = posted();
    expect(Object.keys(plan.groups).length).toBeGreaterThan(0);
    if (options.budget?.macs) expect(cost.after.macs).toBeLessThanOrEqual(options.budget.macs * cost.before.macs);
    if (options.budget?.params)
      expect(cost.after.params).toBeLessThanOrEqual(options.budget.params * cost.before.params);
    expect(pruned.length).toBeLessThan(vit.length);
    const same = bytesOf(applyPlan(prepare(decodeModel(vit)), plan));
    expect(Buffer.compare(pruned, same)).toBe(0);
    const { plan: ours } = await prune(decodeModel(vit), {
      ...options,
      criterion: criterionByName(options.criterion),
    });
    expect(plan).toEqual(ours);
  });

  it('numbers of 64 bits keep all of them', async () => {
    const graph = new Graph('wide');
    const numbers = [2n ** 63n - 1n, -(2n ** 63n), -1n, 2n ** 53n + 1n];
    graph.outputs.push(graph.addInitializer('wide', Tensor.int64([4], numbers)));
    const model = new Model(graph);
    model.opsets.set('', 17);
    const bytes = bytesOf(model);
    const { page: tab, posted } = await open(bytes);
    expect(await tab.evaluate(() => page.rewrite())).toEqual([numbers.map(String)]);
    expect(Buffer.compare(posted(), bytes)).toBe(0);
  });

  it('says what needs Node', async () => {
    const { page: tab } = await open(vit);
    const { code, message } = await tab.evaluate(() => page.pruneFile('vit.onnx'));
    expect(code).toBe('unsupported');
    expect(message).toMatch(/readModel needs Node.*decodeModel/);
  });
});

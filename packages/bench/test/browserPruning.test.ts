import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { criterionByName, prepare, prune } from '@snp/core';
import { applyPlan } from '@snp/core/stages';
import { decodeModel, encodeModel, Graph, Model, Tensor } from '@snp/onnx';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBrowser } from '../src/web/browser.js';
import type { PrunePage } from './support/prunePageTypes.js';

const vit = await readFile(new URL('../../../examples/shapes/vit-shapes.onnx', import.meta.url));
const browser: Browser | string = await startBrowser({ webgpu: false }).catch((error: Error) => error.message);
if (typeof browser === 'string') console.warn(`No pruning in a browser: ${browser}`);

/** The page with a model behind it, and the bytes that it posts. */
async function open(model: Buffer): Promise<{ page: Page; posted: () => Buffer }> {
  const page = await (browser as Browser).newPage();
  let bytes: Buffer | null = null;
  await page.route('http://snp.test/**', (route) => {
    const path = new URL(route.request().url()).pathname;
    if (path === '/model.onnx') return route.fulfill({ body: model });
    if (path === '/page.js') return route.fulfill({ body: script, contentType: 'text/javascript' });
    bytes = route.request().postDataBuffer();
    return route.fulfill({ body: '<script type="module" src="page.js"></script>', contentType: 'text/html' });
  });
  await page.goto('http://snp.test/');
  await page.waitForFunction('page');
  return { page, posted: () => bytes! };
}

const bytesOf = (model: Model) => Buffer.concat(encodeModel(model));

let script = '';
declare const page: PrunePage;

describe.skipIf(typeof browser === 'string')('in a browser', () => {
  beforeAll(async () => {
    const entryPoints = [fileURLToPath(new URL('support/prunePage.ts', import.meta.url))];
    // No option but the platform: what a bundler does by itself must do.
    const bundle = await build({ entryPoints, bundle: true, format: 'esm', platform: 'browser', write: false });
    script = bundle.outputFiles[0].text;
  });
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

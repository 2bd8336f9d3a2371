import { randomFillSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../dist/index.js';
import { temporaryFolder, testServer } from '../support/server.js';
import { CHROMIUM, explainSkip, signIn, startBrowser } from './support/browser.js';
import { choose } from './support/steps.js';

const BYTES = 20 * 2 ** 20;
/** Bytes that the pages send in one request. */
const PIECE = 8 * 2 ** 20;

explainSkip();

/** Uploads that break off. */
describe.skipIf(!CHROMIUM)('an upload', () => {
  let server: RunningServer;
  let browser: Browser;
  const folder = temporaryFolder();

  beforeAll(async () => {
    ({ server } = await testServer());
    browser = await startBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  it('goes on by itself where the connection broke', async () => {
    const path = noise(folder, 'broken.onnx');
    const { page, context } = await signIn(browser, server);
    const offsets = await watch(page, (count) => count === 2);
    await choose(page, 'Upload a model', path);
    await page.getByRole('row').filter({ hasText: 'broken.onnx' }).waitFor();
    expect(offsets).toEqual([0, PIECE, PIECE, 2 * PIECE]);
    await context.close();
  });

  it('goes on after the page was closed, once the same file is chosen again', async () => {
    const path = noise(folder, 'closed.onnx');
    const { page, context } = await signIn(browser, server);
    const first = await watch(page, (count) => count >= 2);
    await choose(page, 'Upload a model', path);
    await expect.poll(() => first.length).toBeGreaterThanOrEqual(2);
    await page.close();
    const again = await context.newPage();
    await again.goto(server.url);
    await again.getByText(/^Not complete: closed\.onnx/).waitFor();
    const offsets = await watch(again, () => false);
    await choose(again, 'Upload a model', path);
    const row = again.getByRole('row').filter({ hasText: 'closed.onnx' });
    await row.waitFor();
    expect(offsets).toEqual([PIECE, 2 * PIECE]);
    // Noise is no model: it is refused, and its page says why.
    await row.getByText('refused').waitFor();
    await row.getByRole('link').click();
    await again.getByText('This model cannot be used').waitFor();
    await context.close();
  });

  it('of something else is refused before it is sent', async () => {
    const path = join(folder, 'notes.txt');
    writeFileSync(path, 'not a model');
    const { page, context } = await signIn(browser, server);
    const offsets = await watch(page, () => false);
    await choose(page, 'Upload a model', path);
    await page.getByText('Which file is the model?').waitFor();
    expect(offsets).toEqual([]);
    await context.close();
  });
});

function noise(folder: string, name: string): string {
  const path = join(folder, name);
  writeFileSync(path, randomFillSync(new Uint8Array(BYTES)));
  return path;
}

/** Offsets of all pieces that are sent; those that `breaks` picks, by their number from 1, never arrive. */
async function watch(page: Page, breaks: (count: number) => boolean): Promise<number[]> {
  const offsets: number[] = [];
  await page.route('**/api/uploads/*', async (route) => {
    if (route.request().method() !== 'PUT') return route.continue();
    offsets.push(Number(route.request().headers()['upload-offset']));
    return breaks(offsets.length) ? route.abort('connectionreset') : route.continue();
  });
  return offsets;
}

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SEEDS, writePictures } from '../../../../examples/shapes/pictures.mjs';
import type { RunningServer } from '../../dist/index.js';
import { temporaryFolder, testServer } from '../support/server.js';
import { CHROMIUM, explainSkip, type SignedIn, signIn, startBrowser } from './support/browser.js';
import { download, goTo, openTab, uploadFolder, uploadModel } from './support/steps.js';

const SNP = fileURLToPath(new URL('../../../cli/bin/snp.js', import.meta.url));
const MODEL = fileURLToPath(new URL('../../../../examples/shapes/vit-shapes.onnx', import.meta.url));
const SAMPLES = 24;

explainSkip();

/** The whole way, as someone goes it: one test after the other, in one browser. */
describe.skipIf(!CHROMIUM)('in a browser', () => {
  const folder = temporaryFolder();
  const pictures = join(folder, 'pictures');
  let server: RunningServer;
  let browser: Browser;
  let own: SignedIn;

  beforeAll(async () => {
    await writePictures(pictures, { count: SAMPLES, seed: SEEDS.calibration });
    ({ server } = await testServer());
    browser = await startBrowser();
    own = await signIn(browser, server);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  it('takes a model and a folder of pictures', async () => {
    await uploadModel(own.page, MODEL, 'vit-shapes.onnx');
    await uploadFolder(own.page, pictures, 'shapes');
    const row = own.page.getByRole('row').filter({ hasText: 'shapes' });
    expect(await row.textContent()).toContain(`${SAMPLES} pictures`);
  });

  it('shows blocks with their widths and shares', async () => {
    const { page } = own;
    await goTo(page, 'Models');
    await page.getByRole('link', { name: 'vit-shapes.onnx' }).click();
    const block = page.getByRole('link', { name: /^Block 0 3 heads 14\.9 % MACs query\/key 32 · value 32 · FFN 384/ });
    await block.waitFor();
    expect(await page.getByRole('link', { name: /^Block \d/ }).count()).toBe(6);
    await block.click();
    await page.getByText('3 groups').waitFor();
  });

  it('shows what is coupled, and why something is frozen', async () => {
    const { page } = own;
    await page.locator('summary').filter({ hasText: 'blocks.0.ffn' }).click();
    const members = page.getByRole('table').filter({ hasText: 'A unit of blocks.0.ffn' });
    // Hidden neurons are columns of the first weight, elements of its bias, and rows of the second weight.
    await expect.poll(() => members.getByRole('row').count()).toBe(4);
    await page.getByText(/^Frozen \(/).click();
    await page.locator('.group').first().locator('summary').click();
    await page.getByText('Initializers', { exact: true }).waitFor();
  });

  it('foresees what a budget costs while it is chosen', async () => {
    const { page } = own;
    await openTab(page, 'Shrink');
    const saved = page.getByRole('region', { name: 'Prediction' }).getByText(/^−\d+\.\d % of 52\.72 M$/);
    await saved.waitFor();
    const at60 = await saved.textContent();
    await page.getByRole('slider', { name: 'MACs that stay' }).focus();
    for (let presses = 0; presses < 10; presses++) await page.keyboard.press('ArrowLeft');
    await expect.poll(() => saved.textContent()).not.toBe(at60);
    expect(percentOf(await saved.textContent())).toBeGreaterThanOrEqual(50);
    await page.getByLabel('MACs that stay, as a number').fill('60');
    await page.keyboard.press('Tab');
    await expect.poll(() => saved.textContent()).toBe(at60);
  });

  it('calibrates, and draws the trade-off', async () => {
    const { page } = own;
    await page.getByLabel('Samples, at most').fill(String(SAMPLES));
    await page.getByRole('button', { name: 'Calibrate' }).click();
    const curve = page.getByRole('img', { name: /^Expected divergence by share of the MACs: .* Chosen: / });
    await curve.waitFor();
    expect(await curve.locator('canvas').count()).toBe(1);
  });

  it('prunes, shows progress that survives a reload, and compares', async () => {
    const { page } = own;
    await page.getByLabel('Calibration').selectOption('');
    await page.getByRole('button', { name: 'Prune', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: /^Prune vit-shapes/ }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Before and after' }).waitFor();
    expect(await page.getByText('Same top answer').count()).toBe(1);
    expect(percentOf(await page.getByText(/^−\d+\.\d % of 52\.72 M$/).textContent())).toBeGreaterThanOrEqual(39.5);
  });

  it('gives the file, and the plan with which the command makes it', async () => {
    const { page } = own;
    const plan = join(folder, 'plan.json');
    writeFileSync(plan, await download(page, /^plan\.json/));
    const made = join(folder, 'made.onnx');
    const options = ['--calib', pictures, '--limit', String(SAMPLES)];
    execFileSync(process.execPath, [SNP, 'apply', MODEL, '-o', made, '--plan', plan, ...options], { stdio: 'pipe' });
    expect(await download(page, /^vit-shapes\.snp\.onnx/)).toEqual(readFileSync(made));
  });

  it('edits a plan with undo and redo, and applies it', async () => {
    const { page } = own;
    await page.getByRole('link', { name: 'To the model' }).click();
    await openTab(page, 'Plan');
    const width = page.getByLabel('blocks.0.ffn, units, as a number');
    await width.fill('100');
    await page.keyboard.press('Tab');
    await page.getByLabel('blocks.1.value, units per head, as a number').fill('16');
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: 'Units of blocks.0.ffn' }).click();
    await page.getByRole('button', { name: 'Unit 0', exact: true }).click();
    expect(await width.inputValue()).toBe('99');
    await page.keyboard.press('Control+z');
    expect(await width.inputValue()).toBe('100');
    await page.keyboard.press('Control+Shift+z');
    expect(await width.inputValue()).toBe('99');
    // One unit of one head alone: heads must keep equally many, which the server says and a button mends.
    await page.getByRole('button', { name: 'Units of blocks.1.value' }).click();
    await page
      .getByRole('group', { name: /^Head 1/ })
      .getByRole('button')
      .first()
      .click();
    await page.getByText(/Every head must keep equally many units/).waitFor();
    await page.getByRole('button', { name: 'Fill them to 16' }).click();
    await page.getByText(/Every head must keep equally many units/).waitFor({ state: 'detached' });
    const saved = JSON.parse(String(await download(page, /^Save plan\.json/)));
    await page.getByText('none', { exact: true }).click();
    await page.getByRole('button', { name: 'Apply the plan' }).click();
    await page.getByRole('heading', { name: 'Before and after' }).waitFor();
    const plan = JSON.parse(String(await download(page, /^plan\.json/)));
    expect(plan.groups['blocks.0.ffn'].keep).toEqual(Array.from({ length: 99 }, (_, at) => at + 1));
    expect(plan.groups['blocks.1.value'].keep).toHaveLength(3 * 16);
    expect(plan).toEqual(saved);
  });

  it('lets heads leave where that is ticked, and cancels', async () => {
    const { page } = own;
    await page.getByRole('link', { name: 'To the model' }).click();
    await openTab(page, 'Shrink');
    await page.getByLabel('MACs that stay, as a number').fill('45');
    await page.keyboard.press('Tab');
    await page.getByLabel('Calibration').selectOption('');
    await page.getByLabel('Whole heads').check();
    await page.getByRole('button', { name: 'Prune', exact: true }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('cancelled', { exact: true }).waitFor();
    const jobs: unknown = await page.evaluate(async () => (await fetch('/api/jobs?limit=1')).json());
    const input = { plugins: ['head'], target: { budget: { macs: 0.45 } } };
    expect(jobs).toMatchObject({ items: [{ input }] });
    expect(await page.getByRole('button', { name: 'Cancel' }).count()).toBe(0);
  });

  it('shows all results of a model', async () => {
    const { page } = own;
    await page.getByRole('link', { name: 'To the model' }).click();
    await openTab(page, 'Results');
    await page.getByRole('heading', { name: 'Versions' }).waitFor();
    expect(await page.getByRole('link', { name: /same top answer at .* of the MACs/ }).count()).toBeGreaterThanOrEqual(
      1,
    );
  });

  it('never broke its own policy, asked another machine or failed', () => {
    // The browser notes the plan that the server was right to refuse.
    expect(own.complaints.filter((text) => !text.includes('status of 422'))).toEqual([]);
  });
});

/** `−40.1 % of 52.72 M`: 40.1. */
function percentOf(text: string | null): number {
  return Number(/\d+\.\d/.exec(text ?? '')?.[0]);
}

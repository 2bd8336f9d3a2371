import { join } from 'node:path';
import { writeModel } from '@snp/onnx/node';
import { buildVit } from '@snp/testing';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../dist/index.js';
import type { Client } from '../support/client.js';
import { temporaryFolder, testServer } from '../support/server.js';
import { CHROMIUM, explainSkip, signIn, startBrowser } from './support/browser.js';

const DEPTH = 110;

explainSkip();

/** A model of more than three thousand nodes. */
describe.skipIf(!CHROMIUM)('a large model', () => {
  let server: RunningServer;
  let client: Client;
  let browser: Browser;
  let id: string;

  beforeAll(async () => {
    ({ server, client } = await testServer());
    browser = await startBrowser();
    const size = { image: 32, patch: 8, residual: 24, depth: DEPTH, heads: 3, classes: 10, qkv: 'fused' } as const;
    const path = join(temporaryFolder(), 'deep.onnx');
    await writeModel(buildVit({ ...size, blocks: { queryKey: 8, value: 8, ffn: 48 } }), path);
    ({ id } = await client.addModel(path, 'deep.onnx'));
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  it('is shown block by block, scrolls, and leads to its groups', async () => {
    const { nodes } = await client.get<{ nodes: number }>(`/api/models/${id}/analysis`);
    expect(nodes).toBeGreaterThan(3000);
    const { page, complaints } = await signIn(browser, server);
    await page.goto(`${server.url}/#/models/${id}`);
    const blocks = page.getByRole('link', { name: /^Block \d/ });
    await blocks.first().waitFor();
    expect(await blocks.count()).toBe(DEPTH);
    await blocks.last().scrollIntoViewIfNeeded();
    expect(await page.evaluate('scrollY')).toBeGreaterThan(2000);
    await blocks.last().click();
    await page
      .locator('summary')
      .filter({ hasText: `blocks.${DEPTH - 1}.ffn` })
      .waitFor();
    await page.getByLabel('Block').selectOption('');
    await page.getByText(`${3 * DEPTH + 1} groups`).waitFor();
    await page.getByLabel('Names that hold').fill(`blocks.${DEPTH - 2}.value`);
    await page.getByText('1 group', { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('can be edited: every group has its slider', async () => {
    const { page } = await signIn(browser, server);
    await page.goto(`${server.url}/#/models/${id}/plan`);
    const width = page.getByLabel(`blocks.${DEPTH - 1}.ffn, units, as a number`);
    await width.fill('20');
    await page.keyboard.press('Tab');
    await page.getByText('1 change', { exact: true }).waitFor();
    await page.getByText(/^MACs −\d/).waitFor();
  });
});

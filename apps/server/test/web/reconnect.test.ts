import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../dist/index.js';
import type { Client } from '../support/client.js';
import { smallVit } from '../support/models.js';
import { temporaryFolder, testServer } from '../support/server.js';
import { CHROMIUM, explainSkip, signIn, startBrowser } from './support/browser.js';
import { goTo } from './support/steps.js';

explainSkip();

describe.skipIf(!CHROMIUM)('a page whose connection broke', () => {
  const data = temporaryFolder();
  let server: RunningServer;
  let client: Client;
  let browser: Browser;

  beforeAll(async () => {
    ({ server, client } = await testServer({ data, slots: 0 }));
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  it('shows what changed meanwhile', async () => {
    const upload = await client.upload(await readFile(await smallVit()));
    await client.post('/api/models', { name: 'vit.onnx', upload });
    const { page } = await signIn(browser, server);
    await goTo(page, 'Jobs');
    const row = page.getByRole('row').filter({ hasText: 'vit.onnx' });
    await row.getByText('queued').waitFor();
    await server.close();
    const database = await PGlite.create(join(data, 'database'));
    await database.query(`update snp.jobs set state = 'cancelled', ended = now()`);
    await database.close();
    ({ server } = await testServer({ data, slots: 0, port: Number(new URL(server.url).port) }));
    await row.getByText('cancelled').waitFor();
    expect(await row.getByText('queued').count()).toBe(0);
  });
});

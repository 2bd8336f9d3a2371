import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../dist/index.js';
import { smallVit } from '../support/models.js';
import { explainNoProxy, NGINX, startNginx } from '../support/nginx.js';
import { testServer } from '../support/server.js';
import { CHROMIUM, explainSkip, newContext, startBrowser } from './support/browser.js';
import { download, uploadModel } from './support/steps.js';

const { freePort } = await import(new URL('../../../../bench/support/freePort.mjs', import.meta.url).href);

explainSkip();
explainNoProxy();

const isSignedIn = async (page: Page) => {
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'Models' }).waitFor();
};

describe.skipIf(!CHROMIUM)('two servers on one host', () => {
  it('do not sign each other out', async () => {
    const servers = [await testServer({ slots: 0 }), await testServer({ slots: 0 })];
    const browser = await startBrowser();
    const context = await newContext(browser);
    const pages = [];
    for (const { server } of servers) {
      const page = await context.newPage();
      await page.goto(await server.signInUrl());
      await page.getByRole('heading', { level: 1, name: 'Models' }).waitFor();
      pages.push(page);
    }
    for (const page of pages) await isSignedIn(page);
    const cookies = await context.cookies();
    expect(new Set(cookies.map(({ name }) => name)).size).toBe(2);
    await browser.close();
    for (const { server } of servers) await server.close();
  });
});

/** One server hears its whole path, the other what is left when the proxy took the prefix off. */
describe.skipIf(!CHROMIUM || !NGINX)('behind a proxy with TLS, below a path', () => {
  const servers: Record<string, RunningServer> = {};
  let browser: Browser;
  let stopNginx: () => void;
  let host: string;

  beforeAll(async () => {
    const port = await freePort();
    host = `https://localhost:${port}`;
    for (const [name, slash] of [
      ['left', ''],
      ['taken', '/'],
    ])
      ({ server: servers[name] } = await testServer({ publicUrl: `${host}/teams/${name}${slash}` }));
    stopNginx = await startNginx(port, { '/teams/left': servers.left.url, '/teams/taken/': `${servers.taken.url}/` });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    stopNginx?.();
    for (const server of Object.values(servers)) await server.close();
  });

  it('shows its pages, takes files, tells of progress and gives files back', async () => {
    const path = await smallVit();
    const context = await newContext(browser, { ignoreHTTPSErrors: true });
    const pages: Page[] = [];
    for (const name of ['left', 'taken']) {
      const page = await context.newPage();
      const strange: string[] = [];
      page.on('request', (request) => {
        if (!request.url().startsWith(`${host}/teams/${name}/`)) strange.push(request.url());
      });
      await page.goto(await servers[name].signInUrl());
      await page.getByRole('heading', { level: 1, name: 'Models' }).waitFor();
      expect(page.url()).toBe(`${host}/teams/${name}/#/models`);
      await uploadModel(page, path, 'vit');
      await page.getByRole('link', { name: 'vit' }).first().click();
      expect(await download(page, /^Download/)).toEqual(readFileSync(path));
      expect(strange).toEqual([]);
      pages.push(page);
    }
    for (const page of pages) await page.goto(`${page.url().split('#')[0]}#/models`);
    for (const page of pages) await isSignedIn(page);
    for (const cookie of await context.cookies())
      expect(cookie).toMatchObject({
        secure: true,
        httpOnly: true,
        sameSite: 'Strict',
        name: expect.stringMatching(/^__Host-/),
      });
    await context.close();
  });

  it.each(['left', 'taken'])('leads to its page from addresses that are none (prefix %s)', async (name) => {
    const context = await newContext(browser, { ignoreHTTPSErrors: true });
    const page = await context.newPage();
    for (const address of ['', '/', '/models', '/models/12/', '/index.htm']) {
      await page.goto(`${host}/teams/${name}${address}`);
      await page.getByRole('heading', { name: 'Sign in to snp' }).waitFor();
      expect(page.url()).toBe(`${host}/teams/${name}/`);
    }
    await context.close();
  });

  it('is used by programs too', async () => {
    const { url, tokenFile } = servers.left;
    const headers = { authorization: `Bearer ${readFileSync(tokenFile!, 'utf8').trim()}` };
    for (const prefix of ['', '/teams/left'])
      expect((await fetch(`${url}${prefix}/api/models`, { headers })).status).toBe(200);
    expect((await fetch(`${url}/teams/leftover/api/models`, { headers })).status).toBe(404);
    const { servers: named } = (await (await fetch(`${url}/openapi.json`)).json()) as { servers: unknown };
    expect(named).toEqual([{ url: '/teams/left' }]);
  });
});

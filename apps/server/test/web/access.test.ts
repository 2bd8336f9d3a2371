import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../dist/index.js';
import type { Client, Job } from '../support/client.js';
import { pictures, smallVit } from '../support/models.js';
import { testServer } from '../support/server.js';
import { CHROMIUM, explainSkip, newContext, signIn, startBrowser } from './support/browser.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PHONE = { width: 390, height: 844 };
const LAPTOP = { width: 1280, height: 860 };

const LOOKS = [
  { colorScheme: 'light', viewport: PHONE },
  { colorScheme: 'dark', viewport: LAPTOP },
] as const;

interface Place {
  address: string;
  /** Appears when the page is there. */
  shows: string;
  /** What is opened on it. */
  open?: (page: Page) => Promise<void>;
}

explainSkip();

/** Every page with something on it: findings of axe, and nothing that a phone would have to scroll sideways for. */
describe.skipIf(!CHROMIUM)('accessibility', () => {
  let server: RunningServer;
  let client: Client;
  let browser: Browser;
  let places: Place[];

  beforeAll(async () => {
    ({ server, client } = await testServer());
    browser = await startBrowser();
    places = await fillCatalog(client);
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  it('has no serious finding where one signs in', async () => {
    for (const look of LOOKS) {
      const context = await newContext(browser, look);
      const page = await context.newPage();
      await page.goto(server.url);
      await page.getByRole('heading', { name: 'Sign in to snp' }).waitFor();
      expect(await findings(page)).toEqual([]);
      await context.close();
    }
  });

  it.each(LOOKS)('has no serious finding in $colorScheme at $viewport.width pixels', async (look) => {
    const { page, context } = await signIn(browser, server, look);
    const found: { address: string; finding: string }[] = [];
    for (const { address, shows, open } of places) {
      await page.goto(`${server.url}/${address}`);
      await page.getByText(shows).first().waitFor();
      await open?.(page);
      for (const finding of await findings(page)) found.push({ address, finding });
      if (await isTooWide(page)) found.push({ address, finding: 'must be scrolled sideways' });
    }
    expect(found).toEqual([]);
    await context.close();
  });

  it('can be used by keyboard alone', async () => {
    const { page, context } = await signIn(browser, server);
    const [{ id }] = (await client.get<{ items: { id: string }[] }>('/api/models')).items.slice(-1);
    await page.goto(`${server.url}/#/models/${id}/shrink`);
    await page.getByRole('button', { name: 'Prune', exact: true }).waitFor();
    await tabTo(page, 'MACs that stay');
    for (let presses = 0; presses < 15; presses++) await page.keyboard.press('ArrowRight');
    expect(await page.getByLabel('MACs that stay, as a number').inputValue()).toBe('75');
    await tabTo(page, 'Prune');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Before and after' }).waitFor();
    await tabTo(page, 'Edit its plan');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Units of blocks.0.ffn');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    const first = page.getByRole('button', { name: /^Unit 0(,|$)/ });
    const before = await first.getAttribute('aria-pressed');
    await page.keyboard.press('Space');
    expect(await first.getAttribute('aria-pressed')).not.toBe(before);
    await page.keyboard.press('ArrowRight');
    expect(await focused(page)).toMatch(/^Unit 1(,|$)/);
    await page.keyboard.press('Control+z');
    expect(await first.getAttribute('aria-pressed')).toBe(before);
    await context.close();
  });
});

/** A model, its calibration, what came of it, a device, and a page for each. */
async function fillCatalog(client: Client): Promise<Place[]> {
  const model = await client.addModel(await smallVit());
  const dataset = await client.addDataset(await pictures(24));
  const run = async (path: string, body: object) => client.wait((await client.post<Job>(path, body)).id);
  const calibration = await run('/api/calibrations', { model: model.id, dataset: dataset.id });
  const data = { dataset: { id: dataset.id } };
  const pruned = await run('/api/prunings', { model: model.id, ...data, target: { budget: { macs: 0.6 } } });
  const scored = await run('/api/prunings', {
    model: model.id,
    ...data,
    target: { ratios: { ffn: 0.5 } },
    criterion: 'snp',
    recovery: 'none',
  });
  const sweep = await run('/api/sweeps', { model: model.id, calibration: calibration.id, keep: [0.8, 0.6], ...data });
  const device = 'device-0001';
  const registered = await client.fetch(`/api/devices/${device}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'shelf 1', fingerprint: FINGERPRINT, targets: TARGETS }),
  });
  if (!registered.ok) throw new Error(await registered.text());
  await client.post('/api/tokens', { name: 'someone', role: 'read' });
  const at = (tab: string) => `#/models/${model.id}/${tab}`;
  return [
    { address: '#/models', shows: 'vit.onnx' },
    { address: at('overview'), shows: 'Block 0' },
    { address: at('groups'), shows: 'blocks.0.ffn', open: (page) => page.locator('summary').first().click() },
    { address: `${at('groups')}?show=frozen`, shows: 'Frozen (' },
    { address: at('shrink'), shows: 'Predicted trade-off' },
    { address: `${at('plan')}?from=${scored.id}`, shows: 'Apply the plan', open: openUnits },
    { address: at('results'), shows: 'Compare on a device' },
    { address: '#/datasets', shows: '24 pictures' },
    { address: '#/jobs', shows: 'Prune vit.onnx' },
    { address: `#/jobs/${pruned.id}`, shows: 'Before and after' },
    { address: `#/jobs/${scored.id}`, shows: 'Before and after', open: openScores },
    { address: `#/jobs/${sweep.id}`, shows: 'Trade-off' },
    { address: `#/jobs/${calibration.id}`, shows: 'Statistics of' },
    { address: '#/devices', shows: 'shelf 1' },
    { address: `#/devices/${device}`, shows: 'Fingerprint' },
    { address: '#/access', shows: 'Make a token' },
  ];
}

const FINGERPRINT = {
  cpu: 'Cortex-A76',
  cores: 4,
  architecture: 'arm64',
  os: 'Linux 6.6',
  memoryBytes: 8e9,
  freeMemoryBytes: 6e9,
  accelerators: [],
  node: 'v20.19.0',
};
const TARGETS = [
  { name: 'cpu', description: 'onnxruntime on the processor', available: true },
  { name: 'web-webgpu', description: 'onnxruntime-web, WebGPU', available: false, reason: 'There is no adapter.' },
];

async function openUnits(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Units of blocks.0.query-key' }).click();
}

async function openScores(page: Page): Promise<void> {
  await page.getByText('Scores of all units').click();
  await page
    .getByRole('img', { name: /^Scores of / })
    .first()
    .waitFor();
}

/** Serious and critical findings, in words. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; impact: string; help: string; nodes: { html: string }[] }[];
  };
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}, ${nodes.map(({ html }) => html.slice(0, 160)).join(' ')}`);
}

/** Whether the page as a whole must be scrolled sideways. */
function isTooWide(page: Page): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');
}

/** Presses the tab key until something has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 200; presses++) {
    await page.keyboard.press('Tab');
    if ((await focused(page)) === name) return;
  }
  throw new Error(`The tab key does not lead to '${name}'.`);
}

/** Name of what has the focus. */
function focused(page: Page): Promise<string> {
  return page.evaluate(`(() => {
    const { activeElement: own } = document;
    return own.getAttribute('aria-label') ?? own.labels?.[0]?.textContent ?? own.textContent;
  })()`);
}

import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { RunningServer } from '../../../dist/index.js';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/opt/google/chrome/chrome',
];

/** Where Chromium is; `SNP_CHROMIUM` names another place. */
export const CHROMIUM = [process.env.SNP_CHROMIUM, ...PLACES].find((place) => place && existsSync(place));

/** Says why there are no tests in a browser. */
export function explainSkip(): void {
  if (!CHROMIUM)
    console.info('The pages are not tested: no Chromium was found. Install one, or name it in SNP_CHROMIUM.');
}

/** Chromium without a window. Its sandbox does not work for root, as in containers; it opens nothing but our own pages. */
export function startBrowser(): Promise<Browser> {
  const root = process.getuid?.() === 0;
  return chromium.launch({
    executablePath: CHROMIUM!,
    args: ['--disable-gpu', '--disable-background-networking', ...(root ? ['--no-sandbox'] : [])],
  });
}

/** Cookies and pages of their own, which wait for as long as a machine that is busy may take. */
export async function newContext(browser: Browser, options: BrowserContextOptions = {}): Promise<BrowserContext> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(120_000);
  return context;
}

/** A browser that signed in by the printed link. What its pages complain about, or ask of other machines, comes into `complaints`. */
export interface SignedIn {
  context: BrowserContext;
  page: Page;
  complaints: string[];
}

export async function signIn(
  browser: Browser,
  server: RunningServer,
  options: BrowserContextOptions = {},
): Promise<SignedIn> {
  const context = await newContext(browser, { viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url) && !request.url().startsWith('data:'))
      complaints.push(`asks ${request.url()}`);
  });
  await page.goto(await server.signInUrl());
  await page.getByRole('heading', { level: 1, name: 'Models' }).waitFor();
  return { context, page, complaints };
}

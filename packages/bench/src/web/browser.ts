import { access } from 'node:fs/promises';
import { SnpError } from '@snp/onnx';
import type { Browser } from 'playwright-core';

/** Where systems keep Chromium and Chrome. `SNP_CHROMIUM` names another place. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/opt/google/chrome/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/** A browser that only measures calls nobody, and never lets pages in the background wait. */
const QUIET = [
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
];
const WEBGPU = ['--enable-unsafe-webgpu', '--enable-features=Vulkan', '--use-angle=vulkan'];

/**
 * Starts Chromium without a window.
 *
 * @throws SnpError `runtime` if there is none, or playwright-core is not installed.
 */
export async function startBrowser({ webgpu }: { webgpu: boolean }): Promise<Browser> {
  const executablePath = await findBrowser();
  const { chromium } = await import('playwright-core').catch((cause) => {
    throw new SnpError(
      'runtime',
      "playwright-core is not installed. Install it beside this package: 'npm install playwright-core'.",
      {},
      { cause },
    );
  });
  // Chromium's sandbox does not work for root, as in containers; it opens nothing but our own page.
  const root = process.getuid?.() === 0;
  const args = [...QUIET, ...(root ? ['--no-sandbox'] : []), ...(webgpu ? WEBGPU : ['--disable-gpu'])];
  return chromium.launch({ executablePath, headless: true, args }).catch((cause: Error) => {
    const [first] = cause.message.split('\n');
    throw new SnpError('runtime', `${executablePath} does not start: ${first}`, {}, { cause });
  });
}

async function findBrowser(): Promise<string> {
  const own = process.env.SNP_CHROMIUM;
  for (const place of own ? [own] : PLACES) if (await exists(place)) return place;
  throw new SnpError(
    'runtime',
    own
      ? `SNP_CHROMIUM names ${own}, which is not there.`
      : 'No Chromium or Chrome was found. Install one, or name it in the environment variable SNP_CHROMIUM.',
  );
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

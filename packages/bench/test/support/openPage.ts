import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';

const ort = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));

/** A page that runs a script of this folder, with a model beside it, onnxruntime-web's files, and what it posts. */
export async function openPage(
  browser: Browser,
  { script, model }: { script: string; model: Uint8Array },
): Promise<{ page: Page; posted: () => Buffer }> {
  const body = await bundled(script);
  const page = await browser.newPage();
  let bytes: Buffer | null = null;
  await page.route('http://snp.test/**', async (route) => {
    const path = new URL(route.request().url()).pathname;
    if (path === '/model.onnx') return route.fulfill({ body: Buffer.from(model) });
    if (path === '/page.js') return route.fulfill({ body, contentType: 'text/javascript' });
    if (path.startsWith('/ort/')) {
      const contentType = path.endsWith('.wasm') ? 'application/wasm' : 'text/javascript';
      return route.fulfill({ body: await readFile(join(ort, path.slice('/ort/'.length))), contentType });
    }
    if (route.request().method() === 'POST') bytes = route.request().postDataBuffer();
    return route.fulfill({ body: '<script type="module" src="page.js"></script>', contentType: 'text/html' });
  });
  await page.goto('http://snp.test/');
  await page.waitForFunction('globalThis.page');
  return { page, posted: () => bytes! };
}

const bundles = new Map<string, Promise<string>>();

/** A script of this folder as one file for browsers, made once. */
function bundled(script: string): Promise<string> {
  const known = bundles.get(script);
  if (known) return known;
  const entryPoints = [fileURLToPath(new URL(script, import.meta.url))];
  // No option but the platform: what a bundler does by itself must do.
  const made = build({ entryPoints, bundle: true, format: 'esm', platform: 'browser', write: false });
  const text = made.then(({ outputFiles: [file] }) => file.text);
  bundles.set(script, text);
  return text;
}

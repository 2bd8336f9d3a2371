// `node bench/serverWholeWay.mjs MODEL PICTURES [SCREENSHOTS]`: the whole way of a team in a real browser, with `snp serve` and `snp agent` as processes of their own on
// loopback: upload, groups, 0.6 of the MACs, calibration on 100 pictures, progress, comparison, a sweep, a measurement on this machine's agent, download. The
// file that was downloaded is held against what the command makes with the same options, and with the same plan. With SCREENSHOTS, pictures of each page go there.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { freePort } from './support/freePort.mjs';
import { clientOf, startSnp } from './support/serverClient.mjs';

const SNP = fileURLToPath(new URL('../apps/cli/bin/snp.js', import.meta.url));
const SAMPLES = 100;
const LONG = { timeout: 600_000 };
const PHONE = { width: 390, height: 844 };

const [model, pictures, screenshots] = process.argv.slice(2);
if (!pictures) throw new Error('usage: node bench/serverWholeWay.mjs MODEL PICTURES [SCREENSHOTS]');
const name = basename(model);
const folder = mkdtempSync(join(tmpdir(), 'snp-whole-way-'));
const samples = join(folder, 'pictures');
mkdirSync(samples);
for (const file of readdirSync(pictures).sort().slice(0, SAMPLES))
  copyFileSync(join(pictures, file), join(samples, file));

const port = await freePort();
const server = startSnp(
  ['serve', '--port', String(port), '--data', join(folder, 'server')],
  join(folder, 'server.log'),
);
const client = await clientOf(port, join(folder, 'server'));
const { secret } = await client.json('/api/tokens', { name: 'agents', role: 'device' });
const agent = startSnp(
  ['agent', '--server', client.url, '--data', join(folder, 'agent'), '--name', 'this machine'],
  join(folder, 'agent.log'),
  { SNP_AGENT_TOKEN: secret },
);
const browser = await chromium.launch({
  executablePath: process.env.SNP_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--disable-gpu', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
});
const started = performance.now();
const step = (text) =>
  process.stdout.write(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}\n`);

try {
  const context = await browser.newContext({ viewport: { width: 1180, height: 820 } });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(client.url);
  await page.getByRole('heading', { name: 'Sign in to snp' }).waitFor();
  await shot(page, 'sign-in');
  await page.goto('about:blank');
  await page.goto(`${client.url}/#token=${readFileSync(join(folder, 'server', 'token'), 'utf8').trim()}`);
  await page.getByRole('heading', { name: 'Models' }).waitFor();

  await choose(page, 'Upload a model', model);
  await page.getByRole('row').filter({ hasText: name }).getByText('ready').waitFor(LONG);
  step('the model is on the shelf and was looked into');
  await place(page, 'Data sets');
  await choose(page, 'Upload a folder', samples);
  await page.getByLabel('Name').fill('imagenet-sample');
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await page
    .getByRole('row')
    .filter({ hasText: `${SAMPLES} pictures` })
    .waitFor(LONG);
  step(`${SAMPLES} pictures are there`);

  await place(page, 'Models');
  await page.getByRole('link', { name, exact: true }).first().click();
  await page.getByRole('link', { name: /^Block 0/ }).waitFor();
  await shot(page, 'overview');
  await tab(page, 'Groups');
  await page.locator('summary').filter({ hasText: 'blocks.0.query-key' }).click();
  await page.getByText('A unit of blocks.0.query-key').waitFor();
  await shot(page, 'groups');

  await tab(page, 'Shrink');
  await page.getByLabel('Samples, at most').fill(String(SAMPLES));
  await page.getByRole('button', { name: 'Calibrate' }).click();
  const curve = page.getByRole('img', { name: /^Expected divergence by share of the MACs: .* Chosen: / });
  await curve.waitFor(LONG);
  step('calibrated; the trade-off is drawn');
  await page.getByLabel('MACs that stay, as a number').fill('60');
  await page.keyboard.press('Tab');
  await page.waitForTimeout(2000);
  await shot(page, 'shrink', { fullPage: true });
  await page.getByLabel('Calibration').selectOption('');
  await page.getByRole('button', { name: 'Prune', exact: true }).click();
  await page
    .locator('.steps [aria-current]')
    .filter({ hasText: /calibrate|solve|probe/ })
    .waitFor(LONG);
  await shot(page, 'progress');
  await page.reload();
  await page.getByRole('heading', { name: 'Before and after' }).waitFor(LONG);
  step('pruned to 0.6 of the MACs');
  const job = page.url().split('/').at(-1);
  await page.waitForTimeout(500);
  await shot(page, 'before-after', { fullPage: true });

  const made = await download(page, new RegExp(`^${name.replace('.onnx', '')}\\.snp\\.onnx`));
  const plan = join(folder, 'plan.json');
  writeFileSync(plan, await download(page, /^plan\.json/));
  step(`downloaded ${made.length} bytes`);
  const same = [
    ['the command with the same options', ['--keep-macs', '0.6']],
    ['the command with the same plan', ['--plan', plan]],
  ];
  for (const [what, options] of same) {
    const own = join(folder, 'own.onnx');
    execFileSync(process.execPath, [SNP, 'prune', model, '-o', own, '--calib', samples, ...options], { stdio: 'pipe' });
    if (!made.equals(readFileSync(own))) throw new Error(`${what} makes other bytes`);
    step(`${what} makes the same bytes`);
  }

  await page.goto(`${client.url}/#/models`);
  await page.getByRole('link', { name, exact: true }).first().click();
  await tab(page, 'Shrink');
  await curve.waitFor();
  await page.getByRole('button', { name: /^Sweep/ }).click();
  await page.getByRole('heading', { name: 'Trade-off' }).waitFor(LONG);
  step('swept over six budgets');
  await shot(page, 'sweep', { fullPage: true });

  await page.getByRole('link', { name: 'To the model' }).click();
  await tab(page, 'Results');
  await page.getByRole('combobox', { name: 'Device' }).selectOption({ label: 'this machine (idle)' });
  await page.getByRole('combobox', { name: 'Protocol' }).selectOption('quick');
  await page.getByRole('button', { name: 'Measure' }).click();
  await page.getByRole('heading', { name: 'Measured on devices' }).waitFor(LONG);
  step('measured on the agent of this machine');
  await shot(page, 'benchmark', { fullPage: true });
  await page.getByRole('link', { name: 'To the model' }).click();
  await page.getByRole('heading', { name: 'Versions' }).waitFor();
  await shot(page, 'results', { fullPage: true });

  await page.goto(`${client.url}/#/models/${(await client.json(`/api/jobs/${job}`)).input.model}/plan?from=${job}`);
  await page.getByRole('button', { name: 'Units of blocks.0.query-key' }).click();
  await page.getByLabel('blocks.0.query-key, units per head', { exact: true }).focus();
  for (let presses = 0; presses < 6; presses++) await page.keyboard.press('ArrowLeft');
  await page.waitForTimeout(1500);
  await shot(page, 'plan');
  for (const [address, file] of [
    ['models', 'models'],
    ['datasets', 'datasets'],
    ['jobs', 'jobs'],
    ['devices', 'devices'],
    ['access', 'access'],
  ]) {
    await page.goto(`${client.url}/#/${address}`);
    await page.waitForTimeout(1000);
    await shot(page, file);
  }
  await page
    .locator('h2 a')
    .first()
    .click()
    .catch(() => undefined);
  const { items } = await client.json('/api/devices');
  await page.goto(`${client.url}/#/devices/${items[0].id}`);
  await page.getByRole('heading', { name: 'Fingerprint' }).waitFor();
  await page.waitForTimeout(500);
  await shot(page, 'device', { fullPage: true });

  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto(`${client.url}/#/jobs/${job}`);
  await page.getByRole('heading', { name: 'Before and after' }).waitFor();
  await page.waitForTimeout(500);
  await shot(page, 'before-after-dark');
  await page.setViewportSize(PHONE);
  await page.goto(`${client.url}/#/models`);
  await page.getByRole('link', { name, exact: true }).first().click();
  await page.getByRole('link', { name: /^Block 0/ }).waitFor();
  await shot(page, 'phone-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await tab(page, 'Shrink');
  await curve.waitFor();
  await page.waitForTimeout(800);
  await shot(page, 'phone');
} finally {
  await browser.close();
  for (const child of [agent, server]) {
    child.kill('SIGTERM');
    await new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve()));
  }
  rmSync(folder, { recursive: true, force: true });
}

/** A picture of few colours is small. */
async function shot(page, file, options = {}) {
  if (!screenshots) return;
  if (!existsSync(screenshots)) mkdirSync(screenshots, { recursive: true });
  const picture = await page.screenshot(options);
  await sharp(picture)
    .png({ palette: true, colours: 128, effort: 10 })
    .toFile(join(screenshots, `${file}.png`));
}

async function choose(page, button, files) {
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.getByRole('button', { name: button }).click(),
  ]);
  await chooser.setFiles(files);
}

async function place(page, title) {
  await page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name: title }).click();
}

async function tab(page, title) {
  await page.getByRole('navigation', { name: 'Sides of the model' }).getByRole('link', { name: title }).click();
}

async function download(page, link) {
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: link }).click()]);
  return readFileSync(await saved.path());
}

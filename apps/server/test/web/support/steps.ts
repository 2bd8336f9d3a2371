import type { Page } from 'playwright-core';

/** Chooses files by the button that asks for them. */
export async function choose(page: Page, button: string, files: string | string[]): Promise<void> {
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.getByRole('button', { name: button }).click(),
  ]);
  await chooser.setFiles(files);
}

/** Goes to a place by the links at the top. */
export async function goTo(page: Page, place: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name: place }).click();
  await page.getByRole('heading', { level: 1, name: place }).waitFor();
}

/** Opens a side of the model that is shown. */
export async function openTab(page: Page, tab: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Sides of the model' }).getByRole('link', { name: tab }).click();
}

/** Puts a model on the shelf and waits until it was looked into. */
export async function uploadModel(page: Page, path: string, name: string): Promise<void> {
  await goTo(page, 'Models');
  await choose(page, 'Upload a model', path);
  await page.getByRole('row').filter({ hasText: name }).getByText('ready').waitFor();
}

/** Makes a data set of a folder. */
export async function uploadFolder(page: Page, folder: string, name: string): Promise<void> {
  await goTo(page, 'Data sets');
  await choose(page, 'Upload a folder', folder);
  await page.getByLabel('Name').fill(name);
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await page.getByRole('row').filter({ hasText: name }).waitFor();
}

/** Bytes of a file that a button saves. */
export async function download(page: Page, link: RegExp): Promise<Buffer> {
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: link }).click()]);
  const stream = await saved.createReadStream();
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

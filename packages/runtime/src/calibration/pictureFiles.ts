import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SnpError } from '@snp/onnx';

/** A picture and its class, where the folder tells it. */
export interface PictureFile {
  /** Path relative to the folder. */
  name: string;
  path: string;
  label: number | undefined;
}

const EXTENSIONS = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i;

/**
 * The pictures of a folder and of all folders in it, in lexicographic order. Where none lies in the folder itself, the folders in it are classes (numbered in order, as in
 * torchvision's ImageFolder); else classes come from `labels.csv` (columns `file,label`) if there is one. Hidden folders are left out.
 *
 * @throws SnpError `calibration` if the folder cannot be read.
 */
export async function pictureFiles(folder: string): Promise<PictureFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause) => {
    throw new SnpError(
      'calibration',
      `${folder} cannot be read as a folder of pictures: ${cause.message}.`,
      { file: folder },
      { cause },
    );
  });
  const names = (await picturesIn(folder, entries)).sort(byPath);
  const toFile = (name: string, label: number | undefined) => ({ name, path: join(folder, name), label });
  if (names.some((name) => !name.includes('/'))) {
    const hasLabels = entries.some((entry) => entry.name === 'labels.csv');
    const labels = await readLabels(folder, hasLabels);
    return names.map((name) => toFile(name, labels.get(name)));
  }
  const classes = entries.filter(isOpenFolder).map((entry) => entry.name);
  const labels = new Map(classes.sort(byName).map((name, at) => [name, at]));
  return names.map((name) => toFile(name, labels.get(name.split('/')[0])));
}

/** Paths of pictures relative to a folder, at any depth. */
async function picturesIn(folder: string, entries: readonly Dirent[], prefix = ''): Promise<string[]> {
  const lists = entries.map(async (entry) => {
    const name = prefix + entry.name;
    if (!entry.isDirectory()) return EXTENSIONS.test(name) ? [name] : [];
    if (!isOpenFolder(entry)) return [];
    const inner = await readdir(join(folder, name), { withFileTypes: true });
    return picturesIn(folder, inner, `${name}/`);
  });
  return (await Promise.all(lists)).flat();
}

/** Thumbnails and checkpoints lie in folders that are hidden. */
function isOpenFolder(entry: Dirent): boolean {
  return entry.isDirectory() && !entry.name.startsWith('.');
}

/** Folder by folder: what is in one stands together. */
function byPath(a: string, b: string): number {
  const [one, two] = [a.split('/'), b.split('/')];
  const at = one.findIndex((part, index) => part !== two[index]);
  return at < 0 ? one.length - two.length : byName(one[at], two[at] ?? '');
}

/** By code points: the same order everywhere, whatever the locale. */
function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function readLabels(folder: string, present: boolean): Promise<Map<string, number>> {
  if (!present) return new Map();
  const path = join(folder, 'labels.csv');
  const [head, ...rows] = (await readFile(path, 'utf8'))
    .split(/\r?\n/)
    .map((line, at) => ({ cells: splitRow(line), number: at + 1 }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''));
  const fail = (message: string): never => {
    throw new SnpError('calibration', `${path}: ${message}`, { file: path });
  };
  const columns = [head?.cells.indexOf('file') ?? -1, head?.cells.indexOf('label') ?? -1];
  if (columns.includes(-1)) fail(`the first line must name the columns 'file' and 'label'.`);
  return new Map(
    rows.map(({ cells, number }) => {
      const [file, label] = columns.map((column) => cells[column]);
      if (!file || !/^\d+$/.test(label ?? '')) fail(`line ${number} must hold a file name and a class number.`);
      return [file, Number(label)];
    }),
  );
}

/** Splits a row of comma-separated values, with quotes as in RFC 4180. */
function splitRow(line: string): string[] {
  return [...line.matchAll(/(?<=^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    (quoted?.replaceAll('""', '"') ?? plain ?? '').trim(),
  );
}

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
 * The pictures of a folder in lexicographic order: in class folders (the class is the folder's number in order, as in
 * torchvision's ImageFolder), or flat, with classes from `labels.csv` (columns `file,label`) if there is one.
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
  const flat = entries
    .filter((entry) => !entry.isDirectory() && EXTENSIONS.test(entry.name))
    .map((entry) => entry.name);
  if (flat.length > 0) {
    const labels = await readLabels(
      folder,
      entries.some((entry) => entry.name === 'labels.csv'),
    );
    return flat.sort(byName).map((name) => ({ name, path: join(folder, name), label: labels.get(name) }));
  }
  const classes = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort(byName);
  const lists = await Promise.all(
    classes.map(async (name, label) => {
      const files = (await readdir(join(folder, name))).filter((file) => EXTENSIONS.test(file)).sort(byName);
      return files.map((file) => ({ name: `${name}/${file}`, path: join(folder, name, file), label }));
    }),
  );
  return lists.flat();
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

// `node scripts/folderCycles.mjs [NAME...]`: prints circles of imports among the folders of each package, types included: a folder needs another that, perhaps by
// way of a third, needs the first. Exit code 1 if there are any. Biome's noImportCycles sees circles among files alone. A folder and those inside it are no circle.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const wanted = process.argv.slice(2);

/** For each folder, the folders that it imports from, each with one import as an example. */
function importsOf(source) {
  const folders = new Map();
  for (const file of readdirSync(source, { recursive: true }).filter((path) => /\.tsx?$/.test(path))) {
    for (const { fileName } of ts.preProcessFile(readFileSync(join(source, file), 'utf8')).importedFiles) {
      const target = join(dirname(file), fileName);
      const [from, to] = [dirname(file), dirname(target)];
      if (!fileName.startsWith('.') || holds(from, to) || holds(to, from)) continue;
      if (!folders.has(from)) folders.set(from, new Map());
      if (!folders.get(from).has(to)) folders.get(from).set(to, `${file} imports ${target}`);
    }
  }
  return folders;
}

function holds(outer, inner) {
  return outer === '.' || outer === inner || inner.startsWith(`${outer}/`);
}

/** The shortest way from one folder to another, both included; undefined if there is none. */
function wayOf(from, to, folders) {
  const ways = [[from]];
  const seen = new Set();
  for (const way of ways) {
    if (way.at(-1) === to) return way;
    for (const next of folders.get(way.at(-1))?.keys() ?? []) if (!seen.has(next)) ways.push([...way, next]);
    for (const next of folders.get(way.at(-1))?.keys() ?? []) seen.add(next);
  }
  return undefined;
}

for (const place of ['packages', 'apps']) {
  for (const name of readdirSync(join(root, place)).filter((own) => wanted.length === 0 || wanted.includes(own))) {
    const folders = importsOf(join(root, place, name, 'src'));
    const told = new Set();
    for (const [from, others] of folders) {
      for (const to of others.keys()) {
        const back = wayOf(to, from, folders);
        // Each circle once, wherever it is begun.
        const key = back && [...back].sort().join();
        if (!back || told.has(key)) continue;
        told.add(key);
        const steps = back.map((folder, at) => folders.get(at === 0 ? from : back[at - 1]).get(folder));
        console.log([`${place}/${name}: ${[from, ...back].join(' -> ')}`, ...steps].join('\n    '));
        process.exitCode = 1;
      }
    }
  }
}

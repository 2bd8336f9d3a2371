// `node scripts/folderCycles.mjs [NAME...]`: prints circles of imports among the folders of each package, types included: folder A needs B, and B, perhaps by way
// of others, needs A. Biome's noImportCycles sees circles among files alone. A folder and those inside it are one thing at two sizes: between them nothing is a circle.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const wanted = process.argv.slice(2);

/** For each folder, the folders that it imports from, each with one import as an example. */
function importsOf(source) {
  const files = readdirSync(source, { recursive: true }).filter((path) => /\.tsx?$/.test(path));
  const folders = new Map();
  for (const file of files) {
    for (const { fileName } of ts.preProcessFile(readFileSync(join(source, file), 'utf8')).importedFiles) {
      if (!fileName.startsWith('.')) continue;
      const target = relative(source, join(source, dirname(file), fileName));
      const [from, to] = [dirname(file), dirname(target)];
      if (holds(from, to) || holds(to, from)) continue;
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
    const last = way.at(-1);
    if (last === to) return way;
    for (const next of folders.get(last)?.keys() ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return undefined;
}

for (const place of ['packages', 'apps']) {
  for (const name of readdirSync(join(root, place)).filter((own) => wanted.length === 0 || wanted.includes(own))) {
    const folders = importsOf(join(root, place, name, 'src'));
    const told = new Set();
    for (const [from, others] of folders) {
      for (const [to, example] of others) {
        const back = wayOf(to, from, folders);
        // Each circle once, wherever it is begun.
        if (!back || told.has([...back].sort().join())) continue;
        told.add([...back].sort().join());
        const others = back.slice(1).map((folder, at) => folders.get(back[at]).get(folder));
        console.log([`${place}/${name}: ${[from, ...back].join(' -> ')}`, example, ...others].join('\n    '));
      }
    }
  }
}

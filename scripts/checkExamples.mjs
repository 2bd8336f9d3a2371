// Type-checks every TypeScript example in READMEs, docs and doc comments, so that none of them goes out of date.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { run } from './run.mjs';
import { entryPoints, exportedNames, root, workspacePackages } from './workspace.mjs';

const folder = join(root, 'node_modules', '.examples');

/** What examples may use without saying where it comes from. */
const GIVEN = `
import type * as core from '@snp/core';
import type * as stages from '@snp/core/stages';
import type * as runtimes from '@snp/runtime';
declare global {
  const model: core.Model;
  const analysis: core.Analysis;
  const plan: core.Plan;
  const report: core.PruneReport;
  const context: stages.Context;
  const calibration: runtimes.Calibration;
  const runtime: runtimes.Runtime;
  const data: Float32Array;
  const recordings: Float32Array[];
  const bytes: Uint8Array;
}
`;

const CONFIG = {
  compilerOptions: {
    target: 'ES2023',
    lib: ['ES2023'],
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
  },
  include: ['*.ts'],
};

async function filesUnder(path) {
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((name) => !/(^|\/)(node_modules|dist|etc|test|\.turbo)\//.test(name.split(sep).join('/')));
}

/** Code blocks of a Markdown file. */
function fromMarkdown(text) {
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code]) => code);
}

/** `@example` parts of doc comments, up to the end of the comment or the next tag. */
function fromComments(text) {
  return [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap(([comment]) => {
    const lines = comment.split('\n').map((line) => line.replace(/^\s*\/?\*+(\/| |$)/, ''));
    return lines
      .join('\n')
      .split(/^@/m)
      .filter((part) => /^example\s/.test(part))
      .map((part) =>
        part
          .slice('example'.length)
          .replace(/\s*\*\/$/, '')
          .trim(),
      );
  });
}

/** Names of GIVEN: no package's export of that name is meant. */
const given = new Set([...GIVEN.matchAll(/const (\w+):/g)].map(([, name]) => name));

/** True for `@snp/core` and its entries. */
function isOfCore(entry) {
  return entry === '@snp/core' || entry.startsWith('@snp/core/');
}

/** Imports for an example in a doc comment, where it goes without saying from which package a symbol comes. */
function importsFor(code, known) {
  const words = new Set(code.match(/\b[A-Za-z]\w+\b/g)?.filter((word) => !given.has(word)));
  const imports = [];
  for (const [entry, names] of known) {
    const used = names.filter((name) => words.delete(name));
    if (used.length > 0) imports.push(`import { ${used.join(', ')} } from '${entry}';`);
  }
  return imports.join('\n');
}

const names = [
  'README.md',
  ...(await filesUnder(join(root, 'docs'))),
  ...(await filesUnder(join(root, 'packages'))),
  ...(await filesUnder(join(root, 'apps'))),
];
const known = [
  ['node:fs/promises', ['readFile', 'writeFile']],
  ['vitest', ['it']],
];
for (const { specifier, types } of workspacePackages().flatMap(entryPoints))
  known.push([specifier, exportedNames(types)]);
// What several packages export comes from the first entry of the one that most programs import.
known.sort(([a], [b]) => Number(isOfCore(b)) - Number(isOfCore(a)));

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
let count = 0;
for (const name of names.filter((candidate) => /\.(md|ts)$/.test(candidate))) {
  const text = await readFile(join(root, name), 'utf8');
  const examples = name.endsWith('.md') ? fromMarkdown(text) : fromComments(text);
  for (const [at, code] of examples.entries()) {
    const imports = /^import /m.test(code) ? '' : importsFor(code, known);
    const file = `${name.replace(/[^\w]+/g, '_')}_${at + 1}.ts`;
    await writeFile(join(folder, file), `${imports}\n${code}\nexport {};\n`);
    count++;
  }
}
await writeFile(join(folder, 'given.d.ts'), GIVEN);
await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(CONFIG));
await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
run('tsc', ['-p', folder]);
process.stdout.write(`${count} examples in docs and comments compile\n`);

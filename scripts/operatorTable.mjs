// `node scripts/operatorTable.mjs [--check]`: writes the table of known operators into docs/operators.md, or fails if it is out of date.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { operatorRules } from '@snp/graph';

const path = fileURLToPath(new URL('../docs/operators.md', import.meta.url));
const [begin, end] = ['<!-- operators -->', '<!-- /operators -->'];

const bySummary = new Map();
for (const { operators, summary } of operatorRules)
  bySummary.set(summary, [...(bySummary.get(summary) ?? []), ...Object.keys(operators)]);
const rows = [...bySummary].map(([summary, operators]) => {
  const names = operators
    .sort()
    .map((name) => `\`${name}\``)
    .join(', ');
  return `| ${names} | ${summary} |`;
});
const table = ['| operators | how positions travel |', '| --- | --- |', ...rows.sort()].join('\n');

const before = await readFile(path, 'utf8');
const [head, rest] = before.split(begin);
const after = `${head}${begin}\n\n${table}\n\n${end}${rest.split(end)[1]}`;
if (process.argv.includes('--check')) {
  // The formatter aligns columns.
  const plain = (text) => text.replaceAll(/[ -]+/g, ' ');
  if (plain(after) !== plain(before)) {
    process.stderr.write("docs/operators.md is out of date: run 'node scripts/operatorTable.mjs'.\n");
    process.exit(1);
  }
} else await writeFile(path, after);

// `node scripts/operatorTable.mjs [--check]`: writes the table of known operators into docs/operators.md, or fails if it is out of date.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { operatorRules } from '@snp/graph';

const path = fileURLToPath(new URL('../docs/operators.md', import.meta.url));
const [begin, end] = ['<!-- operators -->', '<!-- /operators -->'];

// What the test of conformance counted in a long run: instances by operator (see docs/coverage.md).
const counts = JSON.parse(await readFile(new URL('../docs/conformance.json', import.meta.url), 'utf8'));

const names = (values) => values.map((name) => `\`${name}\``).join(', ');
const valuesOf = ([name, values]) => (Array.isArray(values) ? `\`${name}\` (${values.join(', ')})` : `\`${name}\``);

function formOf({ inputs, outputs = [0], attributes = {}, versions }) {
  const stated = attributes === 'any' ? 'any attribute' : Object.entries(attributes).map(valuesOf).join(', ');
  const sets =
    versions && `operator set ${versions[0]}${versions[1] === undefined ? ' and newer' : ` to ${versions[1]}`}`;
  const used =
    outputs === 'all' ? 'all outputs' : outputs.length > 1 && `outputs ${outputs.map((at) => at + 1).join(', ')}`;
  const taken = Number.isFinite(inputs) ? `${inputs} input${inputs === 1 ? '' : 's'}` : 'any number of inputs';
  return [taken, used, stated, sets].filter(Boolean).join('; ');
}

function provenOf(name) {
  const count = counts[name];
  if (!count) return '';
  const opsets = [...count.opsets].sort((a, b) => a - b);
  return `${count.proven} cut, ${count.frozen + count.refused} left alone; sets ${opsets[0]} to ${opsets.at(-1)}`;
}

const followed = operatorRules.filter(({ summary }) => !summary.startsWith('frozen'));
const rows = followed.flatMap(({ operators, summary }) =>
  Object.entries(operators).map(([name, form]) => `| \`${name}\` | ${summary} | ${formOf(form)} | ${provenOf(name)} |`),
);
const refused = operatorRules
  .filter(({ summary }) => summary.startsWith('frozen'))
  .map(({ operators, summary }) => `| ${names(Object.keys(operators))} | ${summary} |`);
const table = [
  '| operator | how positions travel | form that is understood | held against the runtime |',
  '| --- | --- | --- | --- |',
  ...rows.sort(),
  '',
  'Known, and left alone with what they touch:',
  '',
  '| operators | why |',
  '| --- | --- |',
  ...refused.sort(),
].join('\n');

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

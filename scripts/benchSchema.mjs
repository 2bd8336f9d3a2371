// Writes the JSON schema of stored benchmark results to docs, or with --check fails where it is out of date.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { resultJsonSchema } from '@snp/bench';

const path = fileURLToPath(new URL('../docs/bench-result.schema.json', import.meta.url));
const wanted = resultJsonSchema();
if (process.argv.includes('--check')) {
  const there = JSON.parse(await readFile(path, 'utf8').catch(() => 'null'));
  if (JSON.stringify(there) !== JSON.stringify(wanted)) {
    process.stderr.write('docs/bench-result.schema.json is out of date: run node scripts/benchSchema.mjs\n');
    process.exit(1);
  }
} else await writeFile(path, `${JSON.stringify(wanted, null, 2)}\n`);

// Writes the JSON schema of configuration files, as `snp config --schema` prints it, to docs, or with --check fails where it is out of date.
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const path = fileURLToPath(new URL('../docs/snp-config.schema.json', import.meta.url));
const snp = fileURLToPath(new URL('../apps/cli/bin/snp.js', import.meta.url));
const wanted = JSON.parse(execFileSync(process.execPath, [snp, 'config', '--schema'], { encoding: 'utf8' }));
if (process.argv.includes('--check')) {
  const there = JSON.parse(await readFile(path, 'utf8').catch(() => 'null'));
  if (JSON.stringify(there) !== JSON.stringify(wanted)) {
    process.stderr.write('docs/snp-config.schema.json is out of date: run node scripts/configSchema.mjs\n');
    process.exit(1);
  }
} else await writeFile(path, `${JSON.stringify(wanted, null, 2)}\n`);

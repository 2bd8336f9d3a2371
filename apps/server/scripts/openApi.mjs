// Writes the API's OpenAPI document and the types of its clients, or with --check fails where they are out of date.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import generate, { astToString } from 'openapi-typescript';
import { openApiDocument } from '../dist/index.js';

const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
const document = openApiDocument(version);
const types = astToString(await generate(structuredClone(document)));
const wanted = {
  'openapi.json': `${JSON.stringify(document, null, 1)}\n`,
  'openapi.d.ts': `// Made from openapi.json by scripts/openApi.mjs: do not edit.\n${types}`,
};
for (const [name, text] of Object.entries(wanted)) {
  const path = fileURLToPath(new URL(`../${name}`, import.meta.url));
  if (!process.argv.includes('--check')) await writeFile(path, text);
  else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
    process.stderr.write(`apps/server/${name} is out of date: run npm run openapi there\n`);
    process.exit(1);
  }
}

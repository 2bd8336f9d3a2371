// Seconds from `snp serve` to the first answer of /readyz: in a fresh folder, and in one that was used before.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientOf, startSnp } from './support/serverClient.mjs';

const folder = mkdtempSync(join(tmpdir(), 'snp-start-'));
const port = 20_000 + (process.pid % 20_000);
const seconds = [];
for (const _ of ['fresh', 'again']) {
  const start = performance.now();
  const child = startSnp(['serve', '--port', String(port), '--data', folder], join(folder, 'log'));
  await clientOf(port, folder);
  seconds.push(Number(((performance.now() - start) / 1000).toFixed(2)));
  child.kill('SIGTERM');
  await new Promise((resolve) => child.once('exit', resolve));
}
process.stdout.write(`${JSON.stringify({ fresh: seconds[0], again: seconds[1] })}\n`);

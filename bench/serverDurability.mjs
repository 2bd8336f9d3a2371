// What it costs that nothing is acknowledged before it is on the disk: transactions and uploads of a server with an embedded database, as it is, and
// with syncs that do nothing.
// node bench/serverDurability.mjs [--transactions 200] [--uploads 50] [--megabytes 200]
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { clientOf, startSnp } from './support/serverClient.mjs';

const { values } = parseArgs({
  options: {
    transactions: { type: 'string', default: '200' },
    uploads: { type: 'string', default: '50' },
    megabytes: { type: 'string', default: '200' },
  },
});
const PORT = 47_083;
const NO_SYNCS = `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const file = await fs.promises.open(process.execPath);
  Object.getPrototypeOf(file).sync = async () => {};
  await file.close();
  fs.fsyncSync = () => {};
  syncBuiltinESMExports();`;

/** Starts a server on a folder. Preloaded code goes with its processes, which know nothing of the environment. */
function serve(data, log, syncs) {
  const preload = syncs ? [] : ['--import', `data:text/javascript,${encodeURIComponent(NO_SYNCS)}`];
  const args = ['serve', '--data', data, '--port', String(PORT), '--jobs', '0'];
  return startSnp(args, log, { DATABASE_URL: '' }, preload);
}

async function secondsOf(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

async function measure(syncs) {
  const folder = mkdtempSync(join(tmpdir(), 'snp-durability-'));
  const data = join(folder, 'data');
  const log = join(folder, 'log');
  let begun;
  const first = await secondsOf(async () => {
    begun = serve(data, log, syncs);
    await clientOf(PORT, data);
  });
  const client = await clientOf(PORT, data);
  const [transactions, uploads, megabytes] = ['transactions', 'uploads', 'megabytes'].map((name) =>
    Number(values[name]),
  );
  const changes = await secondsOf(async () => {
    for (let at = 0; at < transactions; at++) await client.json('/api/tokens', { name: `token ${at}`, role: 'read' });
  });
  const small = await secondsOf(async () => {
    for (let at = 0; at < uploads; at++) {
      const bytes = Buffer.alloc(100_000, `${at} `);
      await client.upload(bytes, bytes.length);
    }
  });
  const bytes = Buffer.alloc(megabytes * 1e6, 'large');
  const large = await secondsOf(() => client.upload(bytes, bytes.length));
  begun.kill('SIGKILL');
  await once(begun, 'exit');
  const again = await secondsOf(async () => {
    begun = serve(data, log, syncs);
    await clientOf(PORT, data);
  });
  begun.kill('SIGTERM');
  await once(begun, 'exit');
  rmSync(folder, { recursive: true });
  return {
    'first start, s': first.toFixed(1),
    'start after a kill, s': again.toFixed(1),
    'changes per second, one after the other': (transactions / changes).toFixed(0),
    'upload of 100 kB, ms': ((1000 * small) / uploads).toFixed(0),
    [`upload of ${megabytes} MB, s`]: large.toFixed(2),
  };
}

console.table({ 'with syncs': await measure(true), without: await measure(false) });

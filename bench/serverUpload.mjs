// What a large upload costs the server in memory, and how fast it is.
// node bench/serverUpload.mjs [MEGABYTES]
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientOf, startSnp } from './support/serverClient.mjs';

const megabytes = Number(process.argv[2] ?? 350);
const folder = mkdtempSync(join(tmpdir(), 'snp-upload-'));
const port = 20_000 + (process.pid % 20_000);
const child = startSnp(['serve', '--port', String(port), '--data', folder, '--log-level', 'warn'], join(folder, 'log'));
const client = await clientOf(port, folder);

/** Megabytes that the server's own process holds now, and held at most. */
function memory() {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const [now, most] = ['VmRSS', 'VmHWM'].map((name) =>
    Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) / 1024),
  );
  return { now, most };
}

const before = memory();
const chunk = randomBytes(2 ** 20);
const content = new ReadableStream({
  type: 'bytes',
  pull(controller) {
    controller.enqueue(new Uint8Array(chunk));
    if (++this.sent === megabytes) controller.close();
  },
  sent: 0,
});
const start = performance.now();
await client.upload(content, megabytes * 2 ** 20, { duplex: 'half' });
const seconds = (performance.now() - start) / 1000;
process.stdout.write(
  `${JSON.stringify({ megabytes, residentBefore: before.now, residentMost: memory().most, seconds: Number(seconds.toFixed(1)) })}\n`,
);
child.kill('SIGTERM');

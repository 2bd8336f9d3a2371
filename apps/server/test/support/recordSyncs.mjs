// Preloaded into a server and its processes: notes which files are synced, in the file that the address names (`?record=FILE`).
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const record = new URL(import.meta.url).searchParams.get('record');
const { fsyncSync, readlinkSync, appendFileSync } = fs;

function note(descriptor) {
  appendFileSync(record, `${readlinkSync(`/proc/self/fd/${descriptor}`)}\n`);
}

fs.fsyncSync = (descriptor) => {
  fsyncSync(descriptor);
  note(descriptor);
};
const handle = await fs.promises.open(record, 'a');
const prototype = Object.getPrototypeOf(handle);
await handle.close();
const { sync } = prototype;
prototype.sync = async function () {
  await sync.call(this);
  note(this.fd);
};
syncBuiltinESMExports();

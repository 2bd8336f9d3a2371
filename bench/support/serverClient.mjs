// A server in a process of its own, and requests to it.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const SNP = fileURLToPath(new URL('../../apps/cli/bin/snp.js', import.meta.url));

/** Starts `snp ARGS...`; what it says goes to a file. */
export function startSnp(args, log, env = {}, node = []) {
  const file = openSync(log, 'a');
  return spawn(process.execPath, [...node, SNP, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', file, file],
  });
}

/** Milliseconds after which nobody waits for a server any more. */
const PATIENCE = 120_000;

/** Tries until it works, or until it has failed for too long. */
async function eventually(work, pause) {
  for (const start = performance.now(); ; await setTimeout(pause)) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() - start > PATIENCE) throw error;
    }
  }
}

/** Waits until a server of this folder answers at this port. */
export async function clientOf(port, data) {
  const url = `http://127.0.0.1:${port}`;
  await eventually(async () => {
    const { ok, status } = await fetch(`${url}/readyz`);
    if (!ok) throw new Error(`${url}/readyz: ${status}`);
  }, 50);
  return new ServerClient(url, readFileSync(join(data, 'token'), 'utf8').trim());
}

export class ServerClient {
  constructor(url, token) {
    this.url = url;
    this.headers = { authorization: `Bearer ${token}` };
  }

  async json(path, body) {
    const init = body && { method: 'POST', body: JSON.stringify(body) };
    const headers = { ...this.headers, ...(body && { 'content-type': 'application/json' }) };
    const response = await fetch(this.url + path, { ...init, headers });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** Asks until it is answered: servers come and go. */
  persist(path, body) {
    return eventually(() => this.json(path, body), 200);
  }

  async upload(body, length, extra = {}) {
    const id = randomUUID();
    const headers = { ...this.headers, 'upload-length': String(length) };
    const response = await fetch(`${this.url}/api/uploads/${id}`, { method: 'PUT', body, headers, ...extra });
    if (!response.ok) throw new Error(`upload: ${response.status} ${await response.text()}`);
    return id;
  }

  async addModel(path, name) {
    const bytes = readFileSync(path);
    const model = await this.json('/api/models', { name, upload: await this.upload(bytes, bytes.length) });
    for (;;) {
      const now = await this.persist(`/api/models/${model.id}`);
      if (now.state !== 'checking') return now;
      await setTimeout(200);
    }
  }

  /** All items of a list. */
  async all(path) {
    const items = [];
    for (let cursor = ''; ; ) {
      const page = await this.persist(`${path}${path.includes('?') ? '&' : '?'}limit=200${cursor}`);
      items.push(...page.items);
      if (page.next === null) return items;
      cursor = `&cursor=${page.next}`;
    }
  }
}

import { randomUUID } from 'node:crypto';
import type { Client } from './client.js';

/** What an agent says of the machine that it runs on. */
const FINGERPRINT = {
  cpu: 'a processor',
  cores: 2,
  architecture: 'x64',
  os: 'Linux',
  memoryBytes: 2 ** 32,
  freeMemoryBytes: 2 ** 31,
  accelerators: [],
  node: process.version,
};
const TARGETS = [{ name: 'cpu', description: 'the processor', available: true }];

/** A device whose agent says what a test lets it say. */
export class HandDevice {
  readonly id = randomUUID();

  constructor(private readonly client: Client) {}

  register(fingerprint: Partial<typeof FINGERPRINT> = {}, name = 'by hand'): Promise<Response> {
    return this.#ask('PUT', '', { name, fingerprint: { ...FINGERPRINT, ...fingerprint }, targets: TARGETS });
  }

  async take(): Promise<{ job: string; lease: string }> {
    return (await this.#ask('POST', '/take')).json() as Promise<{ job: string; lease: string }>;
  }

  report({ job, lease }: { job: string; lease: string }, what: object): Promise<Response> {
    return this.#ask('POST', `/jobs/${job}`, { lease, ...what });
  }

  #ask(method: string, path: string, body?: object): Promise<Response> {
    const headers = { 'content-type': 'application/json' };
    return this.client.fetch(`/api/devices/${this.id}${path}`, { method, headers, body: body && JSON.stringify(body) });
  }
}

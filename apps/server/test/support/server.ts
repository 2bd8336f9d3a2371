import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningServer, type ServerOptions, startServer } from '../../dist/index.js';
import { Client } from './client.js';

/** A folder of its own; the system clears it away. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'snp-server-'));
}

/** A real server on loopback with an embedded database, and a client with the administrator's token. */
export async function testServer(
  options: Partial<ServerOptions> = {},
): Promise<{ server: RunningServer; client: Client }> {
  const server = await startServer({
    data: temporaryFolder(),
    port: 0,
    slots: 2,
    logLevel: 'silent',
    stopSeconds: 1,
    ...options,
  });
  return { server, client: new Client(server.url, readFileSync(server.tokenFile!, 'utf8').trim()) };
}

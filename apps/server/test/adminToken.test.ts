import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startServer } from '../dist/index.js';
import { Client } from './support/client.js';
import { ServedFolder } from './support/command.js';
import { temporaryFolder, testServer } from './support/server.js';

const tokens = async (client: Client) => (await client.get<{ items: { role: string }[] }>('/api/tokens')).items;

describe('the token of the administrator', () => {
  it('is made by the next start where the first one could not keep it', async () => {
    const data = temporaryFolder();
    // Nothing can be renamed onto a folder.
    mkdirSync(join(data, 'token', 'in-the-way'), { recursive: true });
    await expect(testServer({ data })).rejects.toThrow();
    rmSync(join(data, 'token'), { recursive: true });
    const { server, client } = await testServer({ data });
    expect(await tokens(client)).toHaveLength(1);
    expect(statSync(join(data, 'token')).mode & 0o777).toBe(0o600);
    await server.close();
  });

  it('is made anew by a command, and the one before is no longer valid', async () => {
    const data = temporaryFolder();
    const first = await testServer({ data });
    await first.server.close();
    const again = await ServedFolder.start(data, { args: ['--new-token'] });
    expect(again.client.token).not.toBe(first.client.token);
    expect(await tokens(again.client)).toHaveLength(1);
    expect((await new Client(again.client.url, first.client.token).fetch('/api/models')).status).toBe(401);
    await again.end();
  });

  it('is made anew where its file was taken away, and no file is named that is not there', async () => {
    const data = temporaryFolder();
    const first = await testServer({ data });
    await first.server.close();
    rmSync(join(data, 'token'));
    const without = await startServer({ data, port: 0, logLevel: 'silent' });
    expect(without.tokenFile).toBeUndefined();
    await without.close();
    const again = await ServedFolder.start(data, { args: ['--new-token'] });
    expect(readFileSync(join(data, 'token'), 'utf8').trim()).toBe(again.client.token);
    expect(await tokens(again.client)).toHaveLength(2);
    await again.end();
  });
});

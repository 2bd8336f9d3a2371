import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../dist/index.js';
import { Client } from './support/client.js';
import { testServer } from './support/server.js';

interface Entry {
  token: string | null;
  action: string;
  status: number;
}

describe('the audit log', () => {
  let server: RunningServer;
  let client: Client;
  beforeAll(async () => {
    ({ server, client } = await testServer({ slots: 0 }));
  });
  afterAll(() => server.close());

  const entries = async () => (await client.get<{ items: Entry[] }>('/api/audit?limit=200')).items;
  const metric = async (name: string) => {
    const text = await (await client.fetch('/metrics')).text();
    return [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\d+)$`, 'gm'))].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );
  };
  const signIn = (body: object, headers = {}) =>
    fetch(`${server.url}/api/session`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });

  it('does not grow by requests without a token: they are counted, with where they came from', async () => {
    for (let at = 0; at < 40; at++) {
      await fetch(`${server.url}/api/models`);
      await fetch(`${server.url}/api/models`, { method: 'POST', headers: { authorization: 'Bearer wrong' } });
      await signIn({ token: 'wrong' });
      await fetch(`${server.url}/api/models`, { headers: { origin: 'https://evil.example' } });
      await fetch(`${server.url}/nothing`, { method: 'POST' });
    }
    expect(await entries()).toEqual([]);
    expect(await metric('snp_unidentified_refused_total')).toBe(160);
    const { strangers } = await client.get<{ strangers: object[] }>('/api/usage');
    expect(strangers).toEqual([{ address: '127.0.0.1', requests: 160, last: expect.any(String) }]);
  });

  it('says who was refused, and who signed out', async () => {
    const { id, secret } = await client.post<{ id: string; secret: string }>('/api/tokens', {
      name: 'low',
      role: 'read',
    });
    await new Client(server.url, secret).fetch('/api/audit');
    const response = await signIn({ token: secret });
    const cookie = response.headers.get('set-cookie')!.split(';')[0];
    await fetch(`${server.url}/api/session`, { method: 'DELETE', headers: { cookie } });
    const own = (await entries()).filter(({ token }) => token === `low (${id})`);
    expect(own.map(({ action, status }) => `${action} ${status}`).reverse()).toEqual([
      'GET /api/audit 403',
      'POST /api/session 200',
      'DELETE /api/session 204',
    ]);
  });

  it('does not grow without end by one who is refused', async () => {
    const { id, secret } = await client.post<{ id: string; secret: string }>('/api/tokens', {
      name: 'x',
      role: 'read',
    });
    const own = new Client(server.url, secret);
    for (let at = 0; at < 100; at++) await own.status('/api/prunings', {});
    const listed = (await entries()).filter(({ token }) => token === `x (${id})`);
    expect(listed.length).toBe(60);
    expect(await metric('snp_audit_unlisted_total')).toBe(40);
  });
});

import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../dist/index.js';
import { Client, type Job, type Model } from './support/client.js';
import { smallVit } from './support/models.js';
import { testServer } from './support/server.js';

/** A stream of events: what it brought, and whether it has ended. */
interface Stream {
  text: string;
  ended: boolean;
}

describe('a token that ends', () => {
  let server: RunningServer;
  let admin: Client;
  let model: Model;
  let expiring: { client: Client; stream: Stream; until: number };

  const tokenOf = async (more = {}, role = 'run') => {
    const { id, secret } = await admin.post<{ id: string; secret: string }>('/api/tokens', {
      name: 'x',
      role,
      ...more,
    });
    return { id, client: new Client(server.url, secret) };
  };
  const revoke = (id: string) => admin.fetch(`/api/tokens/${id}`, { method: 'DELETE' });

  /** Listens until the stream ends. */
  const listen = async (headers: Record<string, string>): Promise<Stream> => {
    const response = await fetch(`${server.url}/api/events`, { headers });
    expect(response.status).toBe(200);
    const stream: Stream = { text: '', ended: false };
    void (async () => {
      try {
        for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) stream.text += chunk;
      } catch {
        // Cut off.
      }
      stream.ended = true;
    })();
    return stream;
  };
  const bearer = ({ token }: Client) => ({ authorization: `Bearer ${token}` });
  const somethingHappens = async (ratio: number) => {
    const { id } = await admin.post<Job>('/api/prunings', { model: model.id, target: { ratios: { ffn: ratio } } });
    await admin.wait(id);
  };
  const ends = (stream: Stream) =>
    admin.until(
      async () => stream.ended,
      (ended) => ended,
    );

  beforeAll(async () => {
    ({ server, client: admin } = await testServer({ slots: 1 }));
    const { client } = await tokenOf({ minutes: 1 });
    expiring = { client, stream: await listen(bearer(client)), until: Date.now() + 60_000 };
    model = await admin.addModel(await smallVit());
  });
  afterAll(() => server.close());

  it('because it is revoked, hears no word more', async () => {
    const { id, client } = await tokenOf({}, 'read');
    const stream = await listen(bearer(client));
    await somethingHappens(0.3);
    expect(stream.text).toContain('event: job');
    expect((await revoke(id)).status).toBe(204);
    const { length } = stream.text;
    await somethingHappens(0.4);
    await ends(stream);
    expect(stream.text.length).toBe(length);
  });

  it('in the middle of an upload, sends no byte more', async () => {
    const { id, client } = await tokenOf();
    const headers = { ...bearer(client), 'upload-length': '1000000', 'content-length': '1000000' };
    const cut = new Promise((resolve) => {
      const sent = request(`${server.url}/api/uploads/cut-off-0001`, { method: 'PUT', headers });
      sent.on('error', resolve);
      sent.on('response', (response) => {
        response.on('error', resolve);
        response.on('close', resolve);
        response.resume();
      });
      sent.write(Buffer.alloc(1000));
    });
    await admin.until(
      () => client.fetch('/api/uploads/cut-off-0001').then(({ status }) => status),
      (status) => status === 200,
    );
    await revoke(id);
    await cut;
  });

  it('by itself, is told so', async () => {
    const { id, client } = await tokenOf({}, 'admin');
    expect((await client.fetch(`/api/tokens/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await client.fetch('/api/models')).status).toBe(401);
  });

  it('a browser that signs out hears no word more; another one of the same token does', async () => {
    const { client } = await tokenOf({}, 'read');
    const signIn = async () => {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' } };
      const response = await fetch(`${server.url}/api/session`, {
        ...init,
        body: JSON.stringify({ token: client.token }),
      });
      return { cookie: response.headers.get('set-cookie')!.split(';')[0] };
    };
    const [one, other] = [await signIn(), await signIn()];
    const [heard, goesOn] = [await listen(one), await listen(other)];
    expect((await fetch(`${server.url}/api/session`, { method: 'DELETE', headers: one })).status).toBe(204);
    await ends(heard);
    const { length } = goesOn.text;
    await somethingHappens(0.45);
    await admin.until(
      async () => goesOn.text.length,
      (now) => now > length,
    );
    expect(goesOn.ended).toBe(false);
  });

  it('a minute after it was made, as was asked for, hears no word more', async () => {
    const { client, stream, until } = expiring;
    const who = await client.get<{ expires: string }>('/api/session');
    expect(Math.abs(new Date(who.expires).getTime() - until)).toBeLessThan(5000);
    const init = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const signedIn = await fetch(`${server.url}/api/session`, {
      ...init,
      body: JSON.stringify({ token: client.token }),
    });
    const cookie = { cookie: signedIn.headers.get('set-cookie')!.split(';')[0] };
    const browser = await listen(cookie);
    expect([stream.ended, browser.ended]).toEqual([false, false]);
    await ends(stream);
    await ends(browser);
    expect(Math.abs(Date.now() - until)).toBeLessThan(5000);
    expect((await client.fetch('/api/models')).status).toBe(401);
    expect((await fetch(`${server.url}/api/session`, { headers: cookie })).status).toBe(401);
    expect(await admin.status('/api/tokens', { name: 'x', role: 'read', days: 1, minutes: 1 })).toBe(400);
  });
});

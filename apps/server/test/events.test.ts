import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../dist/index.js';
import type { Client, Job, Model } from './support/client.js';
import { smallVit } from './support/models.js';
import { temporaryFolder, testServer } from './support/server.js';

/** Reads server-sent events until the connection ends. */
async function eventsOf(response: Response): Promise<{ event: string; data: Record<string, unknown>; id?: string }[]> {
  const blocks = (await response.text())
    .split('\n\n')
    .filter((block) => block.startsWith('event:') || block.includes('\nevent:') || block.includes('data:'));
  return blocks.map((block) => {
    const fields = Object.fromEntries(
      block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    );
    return { event: fields.event, data: JSON.parse(fields.data), ...(fields.id && { id: fields.id }) };
  });
}

describe('progress and answers', () => {
  let server: RunningServer;
  let client: Client;
  let model: Model;

  beforeAll(async () => {
    ({ server, client } = await testServer({ slots: 1 }));
    model = await client.addModel(await smallVit());
  });
  afterAll(() => server.close());

  const prune = (ratio: number, headers = {}) =>
    client.post<Job>('/api/prunings', { model: model.id, target: { ratios: { ffn: ratio } } }, headers);

  it('comes as events until the job has ended, and a reader that comes back misses no line', async () => {
    const job = await prune(0.5);
    const events = await eventsOf(await client.fetch(`/api/jobs/${job.id}/events`));
    expect(events.at(-1)).toMatchObject({ event: 'job', data: { state: 'done', id: job.id } });
    const lines = events.filter(({ event }) => event === 'log');
    expect(lines.map(({ data }) => data.text)).toContain('apply');
    const later = await eventsOf(
      await client.fetch(`/api/jobs/${job.id}/events`, { headers: { 'last-event-id': lines[0].id! } }),
    );
    expect(later.filter(({ event }) => event === 'log').map(({ id }) => id)).toEqual(
      lines.slice(1).map(({ id }) => id),
    );
  });

  it('of all jobs come on one connection', async () => {
    const stop = new AbortController();
    const response = await client.fetch('/api/events', { signal: stop.signal });
    const job = await prune(0.3);
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes(`"id":"${job.id}"`) && text.includes('"state":"done"')) break;
    }
    stop.abort();
    expect(text).toContain('event: job');
  });

  it('a job that is cancelled stops, and with it what builds on it', async () => {
    const jobs = [await prune(0.41), await prune(0.42)];
    await client.post(`/api/jobs/${jobs[1].id}/cancel`, {});
    expect((await client.wait(jobs[1].id)).state).toBe('cancelled');
    expect((await client.wait(jobs[0].id)).state).toBe('done');
    // Asked for again, it is another job.
    const again = await prune(0.42);
    expect(again.id).not.toBe(jobs[1].id);
    expect((await client.wait(again.id)).state).toBe('done');
  });

  it('a request with the same Idempotency-Key is answered as before', async () => {
    const key = { 'idempotency-key': 'once-and-only' };
    const first = await prune(0.2, key);
    await client.wait(first.id);
    expect(await prune(0.2, key)).toEqual(first);
    const other = { model: model.id, target: { ratios: { ffn: 0.21 } } };
    expect(await client.status('/api/prunings', other, key)).toBe(422);
  });

  it('a token is made once for each Idempotency-Key, and its secret is told once', async () => {
    const key = { 'idempotency-key': 'one-token' };
    const made = await client.post<{ id: string; secret: string }>('/api/tokens', { name: 'x', role: 'read' }, key);
    const again = await client.post<object>('/api/tokens', { name: 'x', role: 'read' }, key);
    const { secret, ...token } = made;
    expect(secret).toMatch(/^snp_/);
    expect(again).toEqual(token);
    expect(await client.status('/api/tokens', { name: 'y', role: 'read' }, key)).toBe(422);
  });

  it.each([
    ['DELETE', '/api/jobs', 'GET, HEAD'],
    ['PUT', '/api/models/x', 'GET, HEAD, DELETE'],
    ['POST', '/healthz', 'GET, HEAD'],
  ])('%s %s is answered with the methods that do something', async (method, path, allow) => {
    const response = await client.fetch(path, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  });

  it('states and kinds of jobs that do not exist are refused', async () => {
    for (const query of ['state=bogus', 'state=', 'type=bogus', 'type=prune,bogus'])
      expect([query, (await client.fetch(`/api/jobs?${query}`)).status]).toEqual([query, 400]);
    expect((await client.fetch('/api/jobs?state=waiting,queued&type=prune,sweep')).status).toBe(200);
  });

  it('lists go page by page, each item once', async () => {
    const all = await client.get<{ items: Job[] }>('/api/jobs?limit=200');
    const seen: string[] = [];
    for (let path = '/api/jobs?limit=2'; ; ) {
      const page = await client.get<{ items: Job[]; next: string | null }>(path);
      seen.push(...page.items.map(({ id }) => id));
      if (page.next === null) break;
      path = `/api/jobs?limit=2&cursor=${page.next}`;
    }
    expect(seen).toEqual(all.items.map(({ id }) => id));
    expect((await client.fetch('/api/jobs?cursor=xyz')).status).toBe(400);
  });

  it('files come in parts', async () => {
    const whole = Buffer.from(await (await client.fetch(`/api/models/${model.id}/file`)).arrayBuffer());
    const part = async (range: string) => {
      const response = await client.fetch(`/api/models/${model.id}/file`, { headers: { range } });
      return {
        status: response.status,
        range: response.headers.get('content-range'),
        bytes: Buffer.from(await response.arrayBuffer()),
      };
    };
    expect(await part('bytes=10-19')).toEqual({
      status: 206,
      range: `bytes 10-19/${whole.length}`,
      bytes: whole.subarray(10, 20),
    });
    expect(await part('bytes=-5')).toMatchObject({ status: 206, bytes: whole.subarray(-5) });
    expect(await part(`bytes=${whole.length}-`)).toMatchObject({ status: 416, range: `bytes */${whole.length}` });
    expect((await part('bytes=0-1,4-5')).status).toBe(200);
    const tag = { 'if-none-match': `"${model.sha256}"` };
    expect((await client.fetch(`/api/models/${model.id}/file`, { headers: tag })).status).toBe(304);
  });

  it('problems say what, where and what to do', async () => {
    const response = await client.fetch('/api/prunings', {
      method: 'POST',
      body: JSON.stringify({ model: model.id, target: {} }),
      headers: { 'content-type': 'application/json' },
    });
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({
      status: 400,
      code: 'invalid-argument',
      fields: [{ path: 'target' }],
    });
    const unmet = await client.fetch(`/api/models/${model.id}/predictions`, {
      method: 'POST',
      body: JSON.stringify({ target: { ratios: { nothing: 0.5 } } }),
      headers: { 'content-type': 'application/json' },
    });
    expect(unmet.status).toBe(422);
    expect(((await unmet.json()) as { detail: string }).detail).toContain("no group or kind of group 'nothing'");
  });

  it('what does not fit the model is refused before a job is made of it', async () => {
    const ratios = { ffn: 0.35 };
    for (const input of [
      { target: { ratios }, criterion: 'bogus' },
      { target: { ratios: { nothing: 0.5 } } },
      { target: { preset: 'bogus' } },
      { target: { preset: 'snp-deit-base' } },
    ])
      expect([input, await client.status('/api/prunings', { model: model.id, ...input })]).toEqual([input, 422]);
    expect(await client.status('/api/prunings', { model: model.id, target: { ratios }, criterion: 'l1' })).toBe(202);
    const { items } = await client.get<{ items: Job[] }>('/api/jobs?type=prune&state=failed');
    expect(items).toEqual([]);
  });

  it('numbers for Prometheus', async () => {
    const text = await (await client.fetch('/metrics')).text();
    expect(text).toMatch(/^snp_jobs\{type="prune",state="done"\} \d+$/m);
    expect(text).toMatch(/snp_http_request_seconds_count\{method="POST",route="\/api\/prunings",status="202"\} \d+/);
  });
});

describe('a long log', () => {
  const data = temporaryFolder();
  let server: RunningServer;
  let client: Client;
  let job: string;
  const LINES = 1500;

  beforeAll(async () => {
    ({ server, client } = await testServer({ data }));
    ({ analysisJob: job } = await client.addModel(await smallVit()));
    await server.close();
    const database = await PGlite.create(join(data, 'database'));
    await database.query('delete from snp.job_logs');
    await database.query(
      `insert into snp.job_logs (job, level, text) select $1, 'info', 'line ' || at from generate_series(1, ${LINES}) at`,
      [job],
    );
    await database.close();
    ({ server, client } = await testServer({ data }));
  });
  afterAll(() => server.close());

  it('is told to its end, also after the job has ended', async () => {
    const events = await eventsOf(await client.fetch(`/api/jobs/${job}/events`));
    const lines = events.filter(({ event }) => event === 'log').map(({ data: { text } }) => text);
    expect(lines).toEqual(Array.from({ length: LINES }, (_, at) => `line ${at + 1}`));
    expect(events.at(-1)).toMatchObject({ event: 'job', data: { state: 'done' } });
  });

  it.each(['1e300', 'NaN', '-5'])('comes from its beginning to whoever heard a line %s', async (number) => {
    const events = await eventsOf(
      await client.fetch(`/api/jobs/${job}/events`, { headers: { 'last-event-id': number } }),
    );
    expect(events.filter(({ event }) => event === 'log')).toHaveLength(LINES);
  });
});

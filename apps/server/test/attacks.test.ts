import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeMessage } from '@snp/onnx';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApiDocument, type RunningServer } from '../dist/index.js';
import { Client, type Job, type Model } from './support/client.js';
import { pictures, smallVit } from './support/models.js';
import { temporaryFolder, testServer } from './support/server.js';

const SNP = fileURLToPath(new URL('../../cli/bin/snp.js', import.meta.url));
const MEGABYTE = 2 ** 20;

let server: RunningServer;
let client: Client;

beforeAll(async () => {
  ({ server, client } = await testServer({
    uploadBytes: 20 * MEGABYTE,
    storedBytes: 200 * MEGABYTE,
    uploadSilenceSeconds: 2,
    jobMemoryBytes: 700 * MEGABYTE,
  }));
});
afterAll(() => server.close());

/** A request with headers that `fetch` would not let through. */
function rawRequest(path: string, headers: Record<string, string>, method = 'GET'): Promise<number> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const sent = request(
      { hostname, port, path, method, headers: { authorization: `Bearer ${client.token}`, ...headers } },
      (response) => {
        response.resume();
        resolve(response.statusCode!);
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

/** Speaks to the server byte by byte; resolves with what it answered when it closed the connection. */
function socketRequest(text: string): Promise<string> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', () => resolve(answer));
  });
}

describe('names that lead elsewhere', () => {
  const wicked = [
    '../evil.onnx',
    '..',
    '/etc/passwd',
    'a\\b.onnx',
    'a\r\nset-cookie: x=1',
    'a\0b',
    ' ',
    'x'.repeat(201),
    '\u9b5a'.repeat(67),
  ];

  it.each(wicked)('as a model: %j', async (name) => {
    expect(await client.status('/api/models', { name, upload: 'x' })).toBe(400);
  });

  it.each([
    '../a.png',
    '/a.png',
    'a/../../b.png',
    'a//b.png',
    'C:\\a.png',
    './a.png',
    'a/\r\nb.png',
    `a/${'\u9b5a'.repeat(85)}.png`,
  ])('in a data set: %j', async (path) => {
    expect(await client.status('/api/datasets', { name: 'x', files: [{ path, upload: 'x' }] })).toBe(400);
  });

  it.each(['../model.data', '/etc/passwd', 'a/../../b', 'model.onnx/../../x'])(
    'of external data: %j',
    async (location) => {
      expect(
        await client.status('/api/models', { name: 'm.onnx', upload: 'x', data: [{ location, upload: 'y' }] }),
      ).toBe(400);
    },
  );

  it('as a file and a folder at once, or as the same file twice', async () => {
    const upload = await client.upload(new Uint8Array(8));
    for (const locations of [['a', 'a/b'], ['a/b/c', 'a'], ['model.onnx/x'], ['model.onnx'], ['a', 'a']]) {
      const data = locations.map((location) => ({ location, upload }));
      expect([locations, await client.status('/api/models', { name: 'm.onnx', upload, data })]).toEqual([
        locations,
        422,
      ]);
    }
    for (const paths of [
      ['a.png', 'a.png/b.png'],
      ['b/c.png', 'b/c.png'],
    ]) {
      const files = paths.map((path) => ({ path, upload }));
      expect([paths, await client.status('/api/datasets', { name: 'x', files })]).toEqual([paths, 422]);
    }
  });

  it('of the greatest length that is allowed: what came of them has its name too', async () => {
    const name = `${'\u9b5a'.repeat(65)}.onnx`;
    const model = await client.addModel(await smallVit({ ffn: 24, name: 'long.onnx' }), name);
    const { id } = await client.post<Job>('/api/prunings', { model: model.id, target: { ratios: { ffn: 0.5 } } });
    expect((await client.wait(id)).error).toBeNull();
    expect((await client.artefact(id, name.replace('.onnx', '.snp.onnx'))).length).toBeGreaterThan(1000);
  });

  it('in an archive: nothing is written outside, the data set is refused', async () => {
    const [picture] = Object.values(await pictures(1));
    for (const name of ['../../evil.png', '/evil.png', 'a/../../evil.png']) {
      const upload = await client.upload(zipSync({ [name]: picture }));
      expect(await client.status('/api/datasets', { name: 'slip', files: [{ path: 'a.zip', upload }] })).toBe(422);
    }
    const link = zipSync({
      'a.png': [new TextEncoder().encode('/etc/passwd'), { os: 3, attrs: (0o120777 << 16) >>> 0 }],
    });
    const upload = await client.upload(link);
    expect(await client.status('/api/datasets', { name: 'link', files: [{ path: 'a.zip', upload }] })).toBe(422);
  });

  it('within a model: external data outside of its folder are refused', async () => {
    const path = await smallVit({ weights: 'external', name: 'big.onnx' });
    const bytes = readFileSync(path);
    // Of the same length, so that the file stays sound.
    for (const place of ['/etc/hostname', '../../../pass', '../../../../.']) {
      const changed = Buffer.from(bytes.toString('latin1').replaceAll('big.onnx.data', place), 'latin1');
      const file = join(temporaryFolder(), 'big.onnx');
      writeFileSync(file, changed);
      const model = await client.addModel(file, 'wicked.onnx');
      expect(model.state).toBe('refused');
      expect(model.problem).toMatchObject({ code: 'external-data' });
      expect(model.problem!.message).not.toContain(server.tokenFile);
    }
  });

  it.each([
    '/api/jobs/..%2f..%2fetc/artefacts/x',
    '/assets/..%2f..%2fpackage.json',
    '/..%2f..%2fetc%2fpasswd',
    '/%2e%2e/%2e%2e/etc/passwd',
  ])('in addresses: %s', async (path) => {
    expect(await rawRequest(path, {})).toBe(404);
  });
});

describe('uploads', () => {
  const put = (id: string, length: number, body: Uint8Array, headers: Record<string, string> = {}) =>
    client.fetch(`/api/uploads/${id}`, {
      method: 'PUT',
      body: body as never,
      headers: { 'upload-length': String(length), ...headers },
    });

  it('too large: refused before they are read', async () => {
    const response = await put('too-large-1', 21 * MEGABYTE, new Uint8Array(10));
    expect(response.status).toBe(413);
  });

  it('larger than they said: refused', async () => {
    expect((await put('liar-0001', 10, new Uint8Array(1000))).status).toBe(409);
  });

  it('beyond the quota: refused', async () => {
    for (let at = 0; at < 9; at++) await client.upload(randomBytes(20 * MEGABYTE));
    const response = await put('quota-001', 20 * MEGABYTE, new Uint8Array(0));
    expect(response.status).toBe(507);
  });

  it('that break off go on where they were', async () => {
    const bytes = randomBytes(MEGABYTE);
    const half = await put('resumed-1', bytes.length, bytes.subarray(0, 300_000));
    expect(await half.json()).toMatchObject({ offset: 300_000, complete: false, sha256: null });
    expect((await put('resumed-1', bytes.length, bytes.subarray(200_000), { 'upload-offset': '200000' })).status).toBe(
      409,
    );
    const { offset } = await client.get<{ offset: number }>('/api/uploads/resumed-1');
    const rest = await put('resumed-1', bytes.length, bytes.subarray(offset), { 'upload-offset': String(offset) });
    const digest = Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
    expect(await rest.json()).toMatchObject({ complete: true, sha256: digest });
  });

  it('that were cut off in the middle go on too', async () => {
    const bytes = randomBytes(100_000);
    const head = `PUT /api/uploads/cut-off-1 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${client.token}\r\nupload-length: 100000\r\ncontent-length: 100000\r\n\r\n`;
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.write(head);
    socket.write(bytes.subarray(0, 60_000), () => socket.destroy());
    const { offset } = await client.until(
      () => client.get<{ offset: number }>('/api/uploads/cut-off-1').catch(() => ({ offset: 0 })),
      (upload) => upload.offset > 0,
    );
    const rest = await client.until(
      () => put('cut-off-1', 100_000, bytes.subarray(offset), { 'upload-offset': String(offset) }),
      ({ status }) => status === 200,
    );
    expect(await rest.json()).toMatchObject({ complete: true });
  });

  it('with another hash than they said: thrown away', async () => {
    expect((await put('wrong-hash', 4, new Uint8Array(4), { 'upload-sha256': 'a'.repeat(64) })).status).toBe(409);
    expect((await client.fetch('/api/uploads/wrong-hash')).status).toBe(404);
  });

  it('of others cannot be seen, used or sent on', async () => {
    const { secret } = await client.post<{ secret: string }>('/api/tokens', { name: 'other', role: 'run' });
    const other = new Client(server.url, secret);
    const id = await client.upload(new Uint8Array(8));
    expect((await other.fetch(`/api/uploads/${id}`)).status).toBe(404);
    expect(await other.status('/api/models', { name: 'm.onnx', upload: id })).toBe(404);
  });

  it('that bring nothing are cut off', async () => {
    const answer = await socketRequest(
      `PUT /api/uploads/silent-01 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${client.token}\r\nupload-length: 1000\r\ncontent-length: 1000\r\n\r\nabc`,
    );
    expect(answer === '' || answer.startsWith('HTTP/1.1 408')).toBe(true);
  });

  it('whose headers never end are cut off', async () => {
    expect(await socketRequest('PUT /api/uploads/slow-0001 HTTP/1.1\r\nhost: localhost\r\nx-a: b')).toMatch(
      /^HTTP\/1.1 408|^$/,
    );
  });

  it('of JSON without end are refused', async () => {
    const files = [{ path: 'x'.repeat(17 * MEGABYTE), upload: 'y' }];
    expect(await client.status('/api/datasets', { name: 'x', files })).toBe(413);
  });
});

describe('models that are bombs', () => {
  const refused = async (bytes: Uint8Array, name: string): Promise<Model> => {
    const path = join(temporaryFolder(), name);
    writeFileSync(path, bytes);
    return client.addModel(path, name);
  };

  it('no ONNX at all, truncated, or with bytes turned', async () => {
    const sound = readFileSync(await smallVit());
    expect((await refused(randomBytes(1000), 'noise.onnx')).problem!.code).toBe('invalid-file');
    expect((await refused(sound.subarray(0, sound.length / 2), 'half.onnx')).problem!.code).toBe('invalid-file');
  });

  it('nested without end', async () => {
    // A graph in an attribute of a node of a graph, a thousand times: fields 7 (graph), 1 (node), 5 (attribute), 6 (g).
    let message: Uint8Array = new Uint8Array(0);
    for (let depth = 0; depth < 3000; depth++) message = field(depth % 3 === 0 ? 6 : depth % 3 === 1 ? 5 : 1, message);
    const model = await refused(field(7, message), 'deep.onnx');
    expect(model.state).toBe('refused');
  });

  it('that ask for more memory than there is: the job ends, the server goes on', async () => {
    const graph = {
      name: 'bomb',
      initializer: [{ name: 'size', dims: [1n], dataType: 7, int64Data: [1_000_000_000_000n] }],
      node: [{ opType: 'ConstantOfShape', input: ['size'], output: ['y'], name: 'fill', attribute: [] }],
      output: [{ name: 'y' }],
      input: [],
    };
    const bytes = encodeMessage('ModelProto', { irVersion: 8n, opsetImport: [{ domain: '', version: 17n }], graph });
    const model = await refused(concat(bytes), 'fill.onnx');
    expect(['ready', 'refused']).toContain(model.state);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  });

  it('archives that unpack to more than there is room for', async () => {
    const upload = await client.upload(zipSync({ 'a.png': new Uint8Array(64 * MEGABYTE) }, { level: 9 }));
    expect(await client.status('/api/datasets', { name: 'bomb', files: [{ path: 'a.zip', upload }] })).toBe(507);
  });
});

describe('the quota', () => {
  const data = temporaryFolder();
  let own: Client;
  let small: RunningServer;
  let model: Model;
  const open = async (storedBytes: number) => {
    ({ server: small, client: own } = await testServer({ data, storedBytes }));
  };
  const put = (id: string, bytes: Uint8Array, offset = 0, length = 2_000_000) =>
    own.fetch(`/api/uploads/${id}`, {
      method: 'PUT',
      body: bytes as never,
      headers: { 'upload-length': String(length), 'upload-offset': String(offset) },
    });

  beforeAll(async () => {
    await open(10 * MEGABYTE);
    model = await own.addModel(await smallVit());
    await small.close();
  });
  afterAll(() => small.close());

  it('holds for uploads that are not complete yet, and those within it can be completed', async () => {
    await open(3 * MEGABYTE);
    const bytes = randomBytes(2_000_000);
    expect((await put('part-0001', bytes.subarray(1))).status).toBe(200);
    expect((await put('part-0002', bytes.subarray(1))).status).toBe(507);
    expect((await own.fetch('/api/uploads/part-0002')).status).toBe(404);
    const rest = await put('part-0001', bytes.subarray(0, 1), bytes.length - 1);
    expect(await rest.json()).toMatchObject({ complete: true });
    await small.close();
  });

  it('is looked at again before jobs begin and uploads are completed', async () => {
    await open(5 * MEGABYTE);
    expect((await put('part-0003', randomBytes(999), 0, 1000)).status).toBe(200);
    await small.close();
    await open(1000);
    expect(await own.status('/api/prunings', { model: model.id, target: { ratios: { ffn: 0.5 } } })).toBe(507);
    expect((await put('part-0003', new Uint8Array(1), 999, 1000)).status).toBe(507);
    await small.close();
    await open(5 * MEGABYTE);
    const rest = await put('part-0003', new Uint8Array(0), 1000, 1000);
    expect(await rest.json()).toMatchObject({ complete: true });
  });
});

describe('whoever has no right', () => {
  it('without a token, or with a wrong one, gets nothing but health and the way in', async () => {
    const id = client.token.slice('snp_'.length, -33);
    const tokens = [undefined, '', 'x', `snp_${id}_${'A'.repeat(32)}`, client.token.slice(0, -1), `${client.token}A`];
    for (const token of tokens) {
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const response = await fetch(`${server.url}/api/models`, { headers });
      expect([401, 429]).toContain(response.status);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
    }
  });

  it('every route holds to the role of its contract', async () => {
    const document = openApiDocument('0') as {
      paths: Record<string, Record<string, { security?: Record<string, string[]>[] }>>;
    };
    const clients: Record<string, Client> = {};
    for (const role of ['read', 'run', 'device'] as const) {
      const { secret } = await client.post<{ secret: string }>('/api/tokens', { name: `a ${role}`, role });
      clients[role] = new Client(server.url, secret);
    }
    const allowed: Record<string, string[]> = { read: ['read'], run: ['read', 'run', 'device'], device: ['device'] };
    let checked = 0;
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, { security = [] }] of Object.entries(methods)) {
        const wanted = security.flatMap((scheme) => Object.values(scheme).flat())[0];
        if (wanted === undefined) continue;
        for (const [role, own] of Object.entries(clients)) {
          if (allowed[role].includes(wanted)) continue;
          const response = await own.fetch(path.replace(/\{\w+\}/g, 'aaaaaaaa-aaaa'), { method: method.toUpperCase() });
          expect([path, method, role, response.status]).toEqual([path, method, role, 403]);
          checked++;
        }
      }
    }
    expect(checked).toBeGreaterThan(40);
  });

  it('a revoked token is none any more', async () => {
    const { id, secret } = await client.post<{ id: string; secret: string }>('/api/tokens', {
      name: 'short',
      role: 'read',
    });
    const own = new Client(server.url, secret);
    expect((await own.fetch('/api/models')).status).toBe(200);
    expect((await client.fetch(`/api/tokens/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await own.fetch('/api/models')).status).toBe(401);
  });

  it('the last administrator cannot be revoked', async () => {
    const { items } = await client.get<{ items: { id: string; role: string }[] }>('/api/tokens');
    const admin = items.find(({ role }) => role === 'admin')!;
    expect((await client.fetch(`/api/tokens/${admin.id}`, { method: 'DELETE' })).status).toBe(409);
  });

  it('the link to sign in works once, and its cookie cannot be read by scripts', async () => {
    const code = new URL(await server.signInUrl()).hash.replace('#code=', '');
    const headers = { 'content-type': 'application/json' };
    const signIn = () =>
      fetch(`${server.url}/api/session`, { method: 'POST', headers, body: JSON.stringify({ code }) });
    const response = await signIn();
    expect(response.status).toBe(200);
    const cookie = response.headers.get('set-cookie')!;
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    expect((await signIn()).status).toBe(401);
    const own = { cookie: cookie.split(';')[0] };
    expect((await fetch(`${server.url}/api/session`, { headers: own })).status).toBe(200);
    await fetch(`${server.url}/api/session`, { method: 'DELETE', headers: own });
    expect((await fetch(`${server.url}/api/session`, { headers: own })).status).toBe(401);
  });
});

describe('other sites', () => {
  it.each([
    [{ origin: 'https://evil.example' }],
    [{ origin: 'null' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
    [{ host: 'evil.example' }],
    [{ host: 'localhost.evil.example' }],
  ])('cannot ask: %j', async (headers) => {
    expect(await rawRequest('/api/models', headers as unknown as Record<string, string>)).toBe(403);
    expect(await rawRequest('/api/models', headers as unknown as Record<string, string>, 'POST')).toBe(403);
  });

  it('get no permission to read, and forms are not JSON', async () => {
    const response = await client.fetch('/api/models', { method: 'OPTIONS' });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    const form = await client.fetch('/api/tokens', {
      method: 'POST',
      body: JSON.stringify({ name: 'x', role: 'admin' }),
      headers: { 'content-type': 'text/plain' },
    });
    expect(form.status).toBe(415);
  });

  it('cannot frame pages, and pages load nothing from them', async () => {
    const { headers } = await client.fetch('/api/models');
    const policy = headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('what comes in and goes out again', () => {
  it('names cannot end a header', async () => {
    const name = 'a"; filename=evil\u00e9\u202e.onnx';
    const model = await client.addModel(await smallVit({ ffn: 32 }), name);
    const response = await client.fetch(`/api/models/${model.id}/file`);
    const disposition = response.headers.get('content-disposition')!;
    expect(disposition).toMatch(/^attachment; filename\*=UTF-8''[\w.%~-]+$/);
    expect(decodeURIComponent(disposition.split("''")[1])).toBe(name);
  });

  it('fields that do not exist are refused, and __proto__ is a name like others', async () => {
    expect(await client.status('/api/prunings', { model: 'x', target: { preset: 'y' }, plugins: ['./evil.js'] })).toBe(
      400,
    );
    const body = '{"model":"x","target":{"ratios":{"__proto__":0.5}}}';
    const response = await client.fetch('/api/prunings', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(response.status).toBe(404);
    expect(({} as Record<string, unknown>)['0.5']).toBeUndefined();
  });

  it('values that no database can hold are refused as such', async () => {
    const model = await client.addModel(await smallVit({ ffn: 24 }));
    for (const path of [
      '/api/jobs/%00',
      '/api/jobs?type=%00',
      `/api/jobs?cursor=${Buffer.from('2024-13-45T00:00:00Z x').toString('base64url')}`,
      `/api/jobs?cursor=${Buffer.from('2024-12-31T00:00:00Z \0').toString('base64url')}`,
    ])
      expect([path, (await client.fetch(path)).status]).toEqual([path, 400]);
    const target = { ratios: { ffn: 0.5 } };
    for (const input of [
      { model: '\0', target },
      { model: model.id, target: { ratios: { '\0': 0.5 } }, plugins: ['head'] },
      { model: model.id, target, name: '\ud800' },
    ])
      expect([input, await client.status('/api/prunings', input)]).toEqual([input, 400]);
  });

  it('what changed, and who was refused, stands in the audit log', async () => {
    const { items } = await client.get<{ items: { action: string; status: number; token: string | null }[] }>(
      '/api/audit?limit=200',
    );
    expect(items).toContainEqual(expect.objectContaining({ action: 'DELETE /api/tokens', status: 204 }));
    const refused = items.filter(({ status }) => status === 403);
    expect(refused).toContainEqual(
      expect.objectContaining({ token: expect.stringMatching(/^a (read|run|device) \(/) }),
    );
    expect(items.filter(({ token }) => token === null)).toEqual([]);
  });

  it('secrets do not stand in the log', async () => {
    const data = temporaryFolder();
    const child = spawn(process.execPath, [SNP, 'serve', '--port', '0', '--data', data, '--log-level', 'debug'], {
      env: { ...process.env, SNP_S3_URL: '' },
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    const url = await client.until(
      async () => /(http:\S+) serves/.exec(said)?.[1],
      (found) => found !== undefined,
    );
    const token = readFileSync(join(data, 'token'), 'utf8').trim();
    const own = new Client(url!, token);
    await own.get('/api/models');
    const { secret } = await own.post<{ secret: string }>('/api/tokens', { name: 'x', role: 'read' });
    await own.post('/api/session', { token: secret });
    await own.status('/api/session', { code: 'wrong-code-that-is-long-enough' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(said).toContain('/api/session');
    for (const hidden of [token, secret, token.slice(-32), 'wrong-code']) expect(said).not.toContain(hidden);
  });

  // The last one: for a minute, wrong tokens are answered in another way.
  it('tokens cannot be tried one after the other, and whoever has one gets in meanwhile', async () => {
    const statuses: number[] = [];
    for (let at = 0; at < 40; at++)
      statuses.push((await fetch(`${server.url}/api/models`, { headers: { authorization: `Bearer x${at}` } })).status);
    expect(statuses.at(-1)).toBe(429);
    expect(await client.status('/api/session', { token: 'wrong' })).toBe(429);
    expect((await client.fetch('/api/models')).status).toBe(200);
    expect(await client.status('/api/session', { token: client.token })).toBe(200);
  });
});

/** A protobuf field that holds a message. */
function field(number: number, content: Uint8Array): Uint8Array {
  const head = [(number << 3) | 2];
  let length = content.length;
  while (length > 127) {
    head.push((length & 127) | 128);
    length >>>= 7;
  }
  head.push(length);
  return Buffer.concat([Buffer.from(head), content]);
}

function concat(encoded: Uint8Array | Iterable<Uint8Array>): Uint8Array {
  return encoded instanceof Uint8Array ? encoded : Buffer.concat([...encoded]);
}

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openPlain, within } from '../src/folder/plainFile.js';
import { WorkFolder } from '../src/folder/workFolder.js';
import { runSnp, ServedFolder } from './support/command.js';
import { temporaryFolder, testServer } from './support/server.js';

const isRoot = process.getuid?.() === 0;
const mode = (path: string) => statSync(path).mode & 0o777;

describe('the folder of a server', () => {
  it('is closed to others', async () => {
    const data = temporaryFolder();
    chmodSync(data, 0o755);
    const { server } = await testServer({ data });
    expect(mode(data)).toBe(0o700);
    await server.close();
  });

  it('is none that everybody can write to', async () => {
    const data = temporaryFolder();
    chmodSync(data, 0o777);
    await expect(testServer({ data })).rejects.toMatchObject({ code: 'io', message: expect.stringContaining(data) });
  });

  it.skipIf(!isRoot)('is none that another user made, for a worker either', async () => {
    const data = temporaryFolder();
    chownSync(data, 65533, 65533);
    await expect(testServer({ data })).rejects.toMatchObject({ code: 'io' });
    const { code, output } = await runSnp(['worker', '--data', data], {
      env: { DATABASE_URL: 'postgres://127.0.0.1:1/none' },
    });
    expect([code, output]).toEqual([1, expect.stringContaining(`${data} cannot be used`)]);
  });

  it('is that of the user where a worker is told none', async () => {
    const { output } = await runSnp(['worker', '--help']);
    expect(output).not.toContain(tmpdir());
    expect(output).toContain('.snp-worker');
  });

  it('has nothing left of workers that were killed, and all of those that live', async () => {
    const data = temporaryFolder();
    const dead = join(data, 'jobs', 'work-dead');
    mkdirSync(join(dead, 'job-1'), { recursive: true });
    writeFileSync(join(dead, 'lock'), '');
    const alive = await WorkFolder.make(join(data, 'jobs'));
    expect(existsSync(dead)).toBe(false);
    const { server } = await testServer({ data });
    expect(existsSync(alive.path)).toBe(true);
    await server.close();
    await alive.remove();
  });
});

describe('a second server in the folder of another', () => {
  it('is refused, and told who has it', async () => {
    const data = temporaryFolder();
    const first = await ServedFolder.start(data);
    const { code, output } = await runSnp(['serve', '--port', '0', '--data', data, '--log-level', 'silent']);
    expect(code).toBe(1);
    expect(output).toContain(`in use by process ${first.child.pid}`);
    await first.end();
  });

  const unshare = ['unshare', '--pid', '--fork', '--mount-proc', ...(isRoot ? [] : ['--user', '--map-root-user'])];
  const canUnshare = spawnSync(unshare[0], [...unshare.slice(1), 'true']).status === 0;

  it.skipIf(!canUnshare)('is refused in another container too, where numbers of processes mean others', async () => {
    const data = temporaryFolder();
    const first = await ServedFolder.start(data, { through: [...unshare, '--kill-child'] });
    const { code, output } = await runSnp(['serve', '--port', '0', '--data', data, '--log-level', 'silent']);
    expect(code).toBe(1);
    expect(output).toMatch(/in use by process \d+ of another container/);
    const second = await runSnp(['serve', '--port', '0', '--data', data, '--log-level', 'silent'], {
      through: unshare,
    });
    expect(second.code).toBe(1);
    await first.client.post('/api/tokens', { name: 'kept', role: 'read' });
    await first.end('SIGKILL');
    const again = await ServedFolder.start(data);
    const { items } = await again.client.get<{ items: { name: string }[] }>('/api/tokens');
    expect(items.map(({ name }) => name)).toContain('kept');
    await again.end();
  });
});

describe('results of jobs', () => {
  it('are plain files of their folder', async () => {
    const folder = temporaryFolder();
    const secret = join(temporaryFolder(), 'secret');
    writeFileSync(secret, 'secret', { mode: 0o600 });
    mkdirSync(join(folder, 'output'));
    writeFileSync(join(folder, 'output', 'plain'), '');
    symlinkSync(secret, join(folder, 'output', 'link'));
    symlinkSync(join(secret, '..'), join(folder, 'elsewhere'));
    spawnSync('mkfifo', [join(folder, 'output', 'pipe')]);
    const taken = async (name: string) => (await openPlain(await within(folder, name))).close();
    await taken('output/plain');
    for (const name of ['output/link', 'output/pipe', 'output', 'elsewhere/secret', '../x', 'output/../../x'])
      await expect(taken(name), name).rejects.toMatchObject({ code: 'invalid-argument' });
    expect(mode(secret)).toBe(0o600);
    expect(readFileSync(secret, 'utf8')).toBe('secret');
  });
});

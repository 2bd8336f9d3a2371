import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../dist/index.js';
import type { Client } from './support/client.js';
import { HandDevice } from './support/handDevice.js';
import { pictures } from './support/models.js';
import { testServer } from './support/server.js';

describe('large inputs', () => {
  let server: RunningServer;
  let client: Client;
  let upload: string;
  beforeAll(async () => {
    ({ server, client } = await testServer({ slots: 0 }));
    upload = await client.upload(Object.values(await pictures(1))[0]);
  });
  afterAll(() => server.close());

  /** Status of a data set of these names, and the longest that another request had to wait meanwhile. */
  const datasetOf = async (names: readonly string[]) => {
    const files = names.map((path) => ({ path, upload }));
    let [longest, done] = [0, false];
    const watch = (async () => {
      while (!done) {
        const start = performance.now();
        await fetch(`${server.url}/healthz`);
        longest = Math.max(longest, performance.now() - start);
        await setTimeout(20);
      }
    })();
    const status = await client.status('/api/datasets', { name: `of ${names.length}`, files });
    done = true;
    await watch;
    return { status, longest };
  };
  const name = (at: number, depth: number) => `${'d/'.repeat(depth)}${at}.png`;

  it('names that go down hundreds of folders are refused, and keep nobody waiting', async () => {
    const { status, longest } = await datasetOf(Array.from({ length: 28_000 }, (_, at) => name(at, 240)));
    expect(status).toBe(400);
    expect(longest).toBeLessThan(10_000);
  });

  it('tens of thousands of names become a data set, and keep nobody waiting', async () => {
    const { status, longest } = await datasetOf(Array.from({ length: 50_000 }, (_, at) => name(at, 15)));
    expect(status).toBe(201);
    expect(longest).toBeLessThan(10_000);
  });

  it('a device that says too much of itself is refused', async () => {
    const device = new HandDevice(client);
    expect((await device.register({ cpu: 'x'.repeat(100_000) })).status).toBe(422);
    expect((await device.register()).status).toBe(200);
  });

  it('more folders than files are refused', async () => {
    const names = Array.from({ length: 2000 }, (_, at) => `${at}/a/b/c/d/e/x.png`);
    expect((await datasetOf(names)).status).toBe(507);
  });
});

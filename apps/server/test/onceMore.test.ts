import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../dist/index.js';
import type { Client, Job, Model } from './support/client.js';
import { pictures, smallVit } from './support/models.js';
import { temporaryFolder, testServer } from './support/server.js';

type Page = { items: Job[] };

describe('what was cancelled or deleted', () => {
  const data = temporaryFolder();
  let server: RunningServer;
  let client: Client;
  let model: Model;
  let calibration: string;

  const serve = async (slots: number) => {
    await server?.close();
    ({ server, client } = await testServer({ data, slots }));
  };
  const modelOf = async (path: string, input: object) => {
    const { id } = await client.post<Job>(path, input);
    const job = (await client.wait(id)) as Job & { type: 'prune' };
    expect(job.error).toBeNull();
    return { job: id, model: job.result!.model };
  };
  const remove = async (id: string) => {
    expect((await client.fetch(`/api/models/${id}`, { method: 'DELETE' })).status).toBe(204);
  };
  const cancel = (id: string) => client.post<Job>(`/api/jobs/${id}/cancel`, {});
  const isThere = async (id: string) => (await client.fetch(`/api/models/${id}`)).status === 200;

  beforeAll(() => serve(0));
  afterAll(() => server.close());

  it('a model whose analysis was cancelled says so, and is looked into when it comes again', async () => {
    const bytes = readFileSync(await smallVit());
    const add = async () =>
      client.post<Model>('/api/models', { name: 'vit.onnx', upload: await client.upload(bytes), data: [] });
    const first = await add();
    await cancel(first.analysisJob);
    expect(await client.get<Model>(`/api/models/${first.id}`)).toMatchObject({
      state: 'refused',
      problem: { code: 'aborted' },
    });
    const second = await add();
    expect(second).toMatchObject({ id: first.id, state: 'checking', problem: null });
    await serve(1);
    model = await client.until(
      () => client.get<Model>(`/api/models/${first.id}`),
      ({ state }) => state !== 'checking',
    );
    expect(model.state).toBe('ready');
  });

  it('models of a sweep are made again with it, and what is still there is not', async () => {
    const dataset = await client.addDataset(await pictures(4));
    ({ id: calibration } = await client.post<Job>('/api/calibrations', { model: model.id, dataset: dataset.id }));
    const input = { model: model.id, calibration, keep: [0.9, 0.7] };
    const sweep = async () => {
      const { id } = await client.post<Job>('/api/sweeps', input);
      const { error, result } = (await client.wait(id)) as Job & { type: 'sweep' };
      expect(error).toBeNull();
      return { id, models: result!.points.map((point) => point.model) };
    };
    const first = await sweep();
    await remove(first.models[0]);
    const second = await sweep();
    expect(second.id).not.toBe(first.id);
    expect(await isThere(second.models[0])).toBe(true);
    expect(second.models[1]).toBe(first.models[1]);
    expect((await sweep()).id).toBe(second.id);
  });

  it('a model that two jobs made is made again by either', async () => {
    const inputs = [1, 2].map((seed) => ({ model: model.id, target: { ratios: { ffn: 0.5 } }, seed }));
    const [first, second] = [await modelOf('/api/prunings', inputs[0]), await modelOf('/api/prunings', inputs[1])];
    expect(second.job).not.toBe(first.job);
    expect(second.model).toBe(first.model);
    await remove(first.model);
    for (const input of inputs) expect(await isThere((await modelOf('/api/prunings', input)).model)).toBe(true);
  });

  it('sweeps that share points leave none behind', async () => {
    await serve(0);
    const sweep = (keep: number[]) => client.post<Job>('/api/sweeps', { model: model.id, calibration, keep });
    const one = await sweep([0.85, 0.75, 0.65]);
    const other = await sweep([0.75, 0.65, 0.55]);
    expect(other.parts).toEqual({ total: 3, done: 0 });
    const statesOf = async ({ id }: Job) =>
      (await client.get<Page>(`/api/jobs?parent=${id}`)).items.map(({ state }) => state).sort();
    await cancel(one.id);
    expect(await statesOf(one)).toEqual(['cancelled', 'queued', 'queued']);
    expect(await statesOf(other)).toEqual(['queued', 'queued', 'queued']);
    await cancel(other.id);
    expect(await statesOf(other)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    await remove(model.id);
  });
});

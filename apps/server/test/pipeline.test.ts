import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../dist/index.js';
import type { Client, Dataset, Job, Model } from './support/client.js';
import { pictures, smallVit } from './support/models.js';
import { temporaryFolder, testServer } from './support/server.js';

const SNP = fileURLToPath(new URL('../../cli/bin/snp.js', import.meta.url));

/** Runs the command; the server, which lives in this process, goes on meanwhile. */
async function snp(...args: string[]): Promise<void> {
  await promisify(execFile)(process.execPath, [SNP, ...args]);
}

describe('from a model to a smaller one', () => {
  let server: RunningServer;
  let client: Client;
  let path: string;
  let model: Model;
  let dataset: Dataset;
  const folder = temporaryFolder();
  const data = join(folder, 'pictures');

  beforeAll(async () => {
    ({ server, client } = await testServer());
    path = await smallVit();
    const files = await pictures(24);
    mkdirSync(data);
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(data, name), bytes);
    model = await client.addModel(path);
    dataset = await client.addDataset(files);
  });
  afterAll(() => server.close());

  it('looks into a model', async () => {
    expect(model.state).toBe('ready');
    const analysis = await client.get<{
      blocks: { queryKey: number; ffn: number[] }[];
      groups: { id: string; width: number }[];
    }>(`/api/models/${model.id}/analysis`);
    expect(analysis.blocks.map(({ queryKey, ffn }) => [queryKey, ffn])).toEqual([
      [8, [48]],
      [8, [48]],
    ]);
    expect(analysis.groups.map(({ id }) => id)).toContain('blocks.1.ffn');
  });

  it('prunes to the very bytes of the command, with pictures', async () => {
    const input = { model: model.id, dataset: { id: dataset.id }, target: { budget: { macs: 0.6 } } };
    const { id } = await client.post<Job>('/api/prunings', input);
    const job = await client.wait(id);
    expect(job.error).toBeNull();
    const output = join(folder, 'vit.snp.onnx');
    await snp('prune', path, '-o', output, '--keep-macs', '0.6', '--calib', data, '--report', join(folder, 'report'));
    expect(await client.artefact(id, 'vit.snp.onnx')).toEqual(readFileSync(output));
    expect(await client.artefact(id, 'plan.json')).toEqual(readFileSync(join(folder, 'report', 'plan.json')));
    const result = await client.get<Model>(`/api/models/${(job as Job & { type: 'prune' }).result!.model}`);
    expect(result).toMatchObject({ name: 'vit.snp.onnx', origin: { model: model.id, job: id } });
  });

  it('lets heads and blocks leave too, to the very bytes of the command', async () => {
    const target = { budget: { macs: 0.5 } };
    const input = { model: model.id, dataset: { id: dataset.id }, target, plugins: ['head', 'block'] };
    const job = await client.wait((await client.post<Job>('/api/prunings', input)).id);
    expect(job.error).toBeNull();
    const output = join(folder, 'mix.onnx');
    const units = ['--plugin', 'head', '--plugin', 'block'];
    await snp('prune', path, '-o', output, '--keep-macs', '0.5', '--calib', data, ...units);
    expect(await client.artefact(job.id, 'vit.snp.onnx')).toEqual(readFileSync(output));
    expect(await client.status('/api/prunings', { ...input, plugins: ['./mine.js'] })).toBe(400);
  });

  it('trains what it pruned, to the very bytes of the command', async () => {
    const many = join(folder, 'many');
    mkdirSync(many);
    const files = await pictures(64);
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(many, name), bytes);
    const { id: own } = await client.addDataset(files);
    const input = { model: model.id, dataset: { id: own }, target: { budget: { macs: 0.6 } }, tune: { epochs: 2 } };
    const { id } = await client.post<Job>('/api/prunings', input);
    const job = (await client.wait(id)) as Job & { type: 'prune' };
    expect(job.error).toBeNull();
    expect(job.result!.tuning).toMatchObject({ epochs: 2, history: expect.any(Array) });
    const { items } = await client.get<{ items: { text: string }[] }>(`/api/jobs/${id}/logs`);
    expect(items.map(({ text }) => text).join('\n')).toMatch(/epoch 2\.0: loss .* on samples that choose \(weights\)/);
    const output = join(folder, 'tuned.onnx');
    await snp('prune', path, '-o', output, '--keep-macs', '0.6', '--calib', many, '--tune', '2');
    expect(await client.artefact(id, 'vit.snp.onnx')).toEqual(readFileSync(output));
    expect(await client.status('/api/prunings', { ...input, tune: { epochs: 2, minutes: 1 } })).toBe(400);
  });

  it('calibrates in shards that add up to what the command adds up, and prunes with them to its bytes', async () => {
    const { id } = await client.post<Job>('/api/calibrations', { model: model.id, dataset: dataset.id, shards: 3 });
    const calibration = await client.wait(id);
    expect(calibration.error).toBeNull();
    expect(calibration.parts).toEqual({ total: 3, done: 3 });
    expect((calibration as Job & { type: 'calibrate' }).result!.samples).toBe(24);
    const shards = [1, 2, 3].map((shard) => join(folder, `${shard}.safetensors`));
    for (const [at, shard] of shards.entries())
      await snp('calibrate', path, '--calib', data, '-o', shard, '--shard', `${at + 1}/3`);
    const input = { model: model.id, calibration: id, target: { budget: { macs: 0.7 } } };
    const pruned = await client.wait((await client.post<Job>('/api/prunings', input)).id);
    const output = join(folder, 'sharded.onnx');
    await snp('prune', path, '-o', output, '--keep-macs', '0.7', '--stats', ...shards);
    expect(await client.artefact(pruned.id, 'vit.snp.onnx')).toEqual(readFileSync(output));
    // Foreseen and real cost are the same.
    const foreseen = await client.post<{ after: { macs: number }; divergence: number }>(
      `/api/models/${model.id}/predictions`,
      {
        calibration: id,
        target: { budget: { macs: 0.7 } },
      },
    );
    expect(foreseen.after.macs).toBe((pruned as Job & { type: 'prune' }).result!.cost.after.macs);
    expect(foreseen.divergence).toBeGreaterThan(0);
    const { points } = await client.get<{ points: { macs: number; divergence: number }[] }>(
      `/api/models/${model.id}/trade-off?calibration=${id}`,
    );
    const divergences = points.map(({ divergence }) => divergence);
    expect(divergences).toEqual([...divergences].sort((a, b) => a - b));
  });

  it('does the same work once', async () => {
    const input = { model: model.id, target: { ratios: { ffn: 0.25 } } };
    const [first, second] = await Promise.all([
      client.post<Job>('/api/prunings', input),
      client.post<Job>('/api/prunings', input),
    ]);
    expect(second.id).toBe(first.id);
    await client.wait(first.id);
    expect((await client.post<Job>('/api/prunings', input)).id).toBe(first.id);
  });

  it('sweeps', async () => {
    const calibration = await client.post<Job>('/api/calibrations', { model: model.id, dataset: dataset.id });
    const input = { model: model.id, calibration: calibration.id, dataset: { id: dataset.id }, keep: [0.8, 0.6] };
    const { id } = await client.post<Job>('/api/sweeps', input);
    const job = (await client.wait(id)) as Job & { type: 'sweep' };
    expect(job.error).toBeNull();
    expect(job.result!.points.map(({ budget }) => budget.macs)).toEqual([0.8, 0.6]);
    for (const { cost, budget } of job.result!.points)
      expect(cost.after.macs).toBeLessThanOrEqual(budget.macs * cost.before.macs);
  });

  it('keeps external data beside their model', async () => {
    const external = await smallVit({ weights: 'external', name: 'big.onnx', ffn: 40 });
    const own = await client.addModel(external, 'big.onnx', [{ location: 'big.onnx.data', path: `${external}.data` }]);
    expect(own.state).toBe('ready');
    const { id } = await client.post<Job>('/api/prunings', { model: own.id, target: { ratios: { ffn: 0.5 } } });
    expect((await client.wait(id)).error).toBeNull();
    const output = join(folder, 'big.snp.onnx');
    await snp('prune', external, '-o', output, '--ratio', 'ffn=0.5');
    expect(await client.artefact(id, 'big.snp.onnx')).toEqual(readFileSync(output));
    expect(await client.artefact(id, 'big.snp.onnx.data')).toEqual(readFileSync(`${output}.data`));
  });

  it('says why a job failed, and fails what builds on it', async () => {
    const wrong = await client.post<Job>('/api/calibrations', { model: model.id, dataset: dataset.id, start: 1000 });
    const input = { model: model.id, calibration: wrong.id, target: { budget: { macs: 0.5 } } };
    const dependent = await client.post<Job>('/api/prunings', input);
    const job = await client.wait(dependent.id);
    expect(job.state).toBe('failed');
    expect(job.error).toMatchObject({ code: 'calibration', message: expect.stringContaining('holds no pictures') });
  });
});

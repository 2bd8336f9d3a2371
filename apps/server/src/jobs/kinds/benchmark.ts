import type { z } from '@hono/zod-openapi';
import { type AgentJob, type BenchResult, protocolOf, renderBench, resultCsv } from '@snp/bench';
import type { benchmarkInput } from '../../api/job.js';
import type { ModelRow } from '../../catalog/models.js';
import type { Sql } from '../../database/database.js';
import { type DeviceRow, deviceQueue } from '../../devices/devices.js';
import { contentKey } from '../contentKey.js';
import type { JobRow } from '../job.js';
import type { JobQueue, Submitter } from '../jobQueue.js';

/** What a benchmark is asked for. */
export type BenchmarkInput = z.infer<typeof benchmarkInput>;

/** Submits a benchmark to a device's queue. Measured again, latency is another: only what is on its way is not begun twice. */
export async function submitBenchmark(
  queue: JobQueue,
  sql: Sql,
  input: BenchmarkInput,
  { models, device, createdBy, token }: { models: readonly ModelRow[]; device: DeviceRow } & Submitter,
): Promise<{ job: JobRow; fresh: boolean }> {
  const { target, batch, dims } = input;
  const work: AgentJob = {
    models: models.map(({ name, sha256, data }, at) => ({
      name: uniqueName(name, models, at),
      sha256,
      data: data.map(({ location, sha256: own }) => ({ location, sha256: own })),
      inputs: { batch, ...(dims && { dims }) },
    })),
    target,
    protocol: protocolOf(input.protocol),
  };
  const key = contentKey('benchmark', device.id, work);
  // Done before is no reason not to measure again.
  await sql.query(`update snp.jobs set key = key || ':' || id where key = $1 and state = 'done'`, [key]);
  return queue.submit(sql, {
    type: 'benchmark',
    key,
    title: `Measure ${models.map(({ name }) => name).join(', ')} on ${device.name} (${target})`,
    input,
    work,
    queue: deviceQueue(device.id),
    model: models[0].id,
    device: device.id,
    createdBy,
    token,
  });
}

/** Models of the same name are told apart by their place. */
function uniqueName(name: string, models: readonly ModelRow[], at: number): string {
  return models.some((other, place) => place < at && other.name === name) ? `${name} (${at + 1})` : name;
}

/** Files that a measurement becomes. */
export function benchmarkFiles(result: BenchResult): { name: string; type: string; text: string }[] {
  return [
    { name: 'benchmark.json', type: 'application/json', text: JSON.stringify(result) },
    { name: 'benchmark.html', type: 'text/html; charset=utf-8', text: renderBench(result) },
    { name: 'benchmark.csv', type: 'text/csv; charset=utf-8', text: resultCsv(result) },
  ];
}

/** A measurement without its single runs, as jobs tell it. */
export function benchmarkSummary(result: BenchResult, { input }: JobRow) {
  const ids = (input as BenchmarkInput).models;
  const models = result.models.map((model, at) => {
    if (model.state === 'failed') return { ...model, id: ids[at] };
    const { blocks: _, ...rest } = model;
    return { ...rest, id: ids[at] };
  });
  return { ...result, models };
}

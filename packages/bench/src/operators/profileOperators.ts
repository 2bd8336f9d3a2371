import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { prepare } from '@snp/core';
import { SnpError } from '@snp/onnx';
import { readModel, withTemporaryFolder } from '@snp/onnx/node';
import { onnxRuntime } from '@snp/runtime';
import { z } from 'zod';
import { feedsFor } from '../target/feeds.js';
import type { InputSizes } from '../target/target.js';

/** Where the time of one model goes; milliseconds per run. */
export interface OperatorProfile {
  model: string;
  /** All operators together; without what lies between them. */
  totalMs: number;
  operators: { operator: string; ms: number; calls: number }[];
  /** Transformer blocks in order; `undefined` is what lies outside of them. */
  blocks: { block: number | undefined; ms: number }[];
}

/** Options of `profileOperators`. */
export interface ProfileOperatorsOptions {
  inputs?: InputSizes | undefined;
  /** Threads within an operator. Default: onnxruntime's own choice. */
  threads?: number | undefined;
  /** Default 20. */
  runs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Runs that are profiled, after as many that are not looked at. */
export const PROFILE_RUNS = 20;

const eventsSchema = z.array(
  z.object({
    cat: z.string(),
    name: z.string(),
    dur: z.number(),
    args: z.object({ op_name: z.string().optional() }).loose(),
  }),
);

/**
 * Where the time of a model goes on this machine's CPU, by onnxruntime's own profiling: by operator, as they are after its rewrites, and by
 * Transformer block. A node that the rewrites made belongs to the block of the node before it.
 *
 * @throws SnpError as `readModel`, or `runtime` if onnxruntime refuses the model.
 */
export async function profileOperators(
  path: string,
  { inputs = { batch: 1 }, threads, runs = PROFILE_RUNS, signal }: ProfileOperatorsOptions = {},
): Promise<OperatorProfile> {
  const blockOf = await blocksByNode(path);
  return withTemporaryFolder(async (folder) => {
    const runtime = onnxRuntime({ profile: join(folder, 'run'), ...(threads !== undefined && { threads }) });
    const session = await runtime.open(path, { signal });
    let text: string;
    try {
      await session.time(await feedsFor(path, inputs), 2 * runs, { signal });
      text = await readFile(await session.takeProfile(), 'utf8');
    } finally {
      await session.close();
    }
    return summarise(path, text, blockOf, runs);
  });
}

async function blocksByNode(path: string): Promise<Map<string, number | undefined>> {
  const analysis = prepare(await readModel(path), { allowNothing: true });
  return new Map(
    analysis.model.graph.nodes.map((node, at) => [
      node.name,
      analysis.blocks.find(({ nodes: [first, last] }) => at >= first && at <= last)?.index,
    ]),
  );
}

function summarise(
  path: string,
  text: string,
  blockOf: ReadonlyMap<string, number | undefined>,
  runs: number,
): OperatorProfile {
  const { data: events, error } = eventsSchema.safeParse(JSON.parse(text));
  if (!events)
    throw new SnpError('runtime', `onnxruntime's profile cannot be read: ${error.issues[0].message}.`, { file: path });
  const kernels = events.filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time'));
  const operators = new Map<string, { ms: number; calls: number }>();
  const blocks = new Map<number | undefined, number>();
  const perRun = kernels.length / (2 * runs);
  let block: number | undefined;
  for (const { name, dur, args } of kernels.slice(Math.round(perRun * runs))) {
    const node = name.slice(0, -'_kernel_time'.length);
    if (blockOf.has(node)) block = blockOf.get(node);
    const operator = args.op_name ?? 'unknown';
    const sum = operators.get(operator) ?? { ms: 0, calls: 0 };
    operators.set(operator, { ms: sum.ms + dur / 1000 / runs, calls: sum.calls + 1 / runs });
    blocks.set(block, (blocks.get(block) ?? 0) + dur / 1000 / runs);
  }
  return {
    model: path,
    totalMs: [...operators.values()].reduce((sum, { ms }) => sum + ms, 0),
    operators: [...operators]
      .map(([operator, { ms, calls }]) => ({ operator, ms, calls: Math.round(calls) }))
      .sort((a, b) => b.ms - a.ms),
    blocks: [...blocks]
      .map(([own, ms]) => ({ block: own, ms }))
      .sort((a, b) => (a.block ?? Number.POSITIVE_INFINITY) - (b.block ?? Number.POSITIVE_INFINITY)),
  };
}

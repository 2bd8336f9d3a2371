import type { Group } from '@snp/graph';
import { type Model, SnpError } from '@snp/onnx';
import { type Calibration, type Runtime, type RuntimeTensor, runTapped, type Tap } from '@snp/runtime';
import type { Accumulator, StatisticRequest, Statistics } from '@snp/score';

/** A group that is to lose units, and how many stay per head. */
export interface Assignment {
  group: Group;
  keep: number;
}

export interface GatherOptions {
  model: Model;
  /** What to gather, by name: what the criterion and the recovery ask for. */
  requests: Readonly<Record<string, StatisticRequest>>;
  assignments: readonly Assignment[];
  /** Further values, of no group, whose sums over batches are wanted. */
  sums?: readonly Tap[] | undefined;
  calibration: Calibration;
  runtime: Runtime;
  batchSize?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number, total: number | undefined) => void) | undefined;
}

/** What a run over calibration data gave. */
export interface Gathered {
  /** By group, and in it by the name of the request. */
  statistics: Map<string, Statistics>;
  /** Of `GatherOptions.sums`, by the names of the taps. */
  sums: Map<string, RuntimeTensor>;
  samples: number;
}

interface Pending {
  group: Group;
  name: string;
  summed: boolean;
  accumulator: Accumulator;
  taps: string[];
}

/** Runs calibration data through the model once and gathers everything that was asked for, of all groups. */
export async function gatherStatistics(options: GatherOptions): Promise<Gathered> {
  const pending: Pending[] = [];
  const taps: Tap[] = [...(options.sums ?? [])];
  for (const { group, keep } of options.assignments) {
    for (const [name, request] of Object.entries(options.requests)) {
      const own = request.taps(group).map((tap, at) => ({ ...tap, name: `${group.id}/${name}/${at}` }));
      if (own.length === 0) continue;
      taps.push(...own);
      const accumulator = request.accumulate(group, { keep });
      pending.push({ group, name, summed: request.summed ?? false, accumulator, taps: own.map((tap) => tap.name) });
    }
  }
  const sums = new Map<string, RuntimeTensor>();
  const statistics = new Map<string, Record<string, unknown>>();
  if (taps.length === 0) return { statistics, sums, samples: 0 };
  const summed = new Set([
    ...(options.sums ?? []).map(({ name }) => name),
    ...pending.flatMap((item) => (item.summed ? item.taps : [])),
  ]);
  let samples = 0;
  const onSum = (name: string, sum: RuntimeTensor) => void sums.set(name, sum);
  await runTapped({ ...options, taps, sums: [...summed], onSum }, async (outputs, batch) => {
    samples += batch.length;
    const added = pending
      .filter((item) => !item.summed)
      .map(({ accumulator, taps: names }) =>
        accumulator.add(
          names.map((name) => outputs[name]),
          { samples: batch.length },
        ),
      );
    await Promise.all(added);
  });
  if (samples === 0) throw new SnpError('calibration', 'The calibration data hold no samples.');
  for (const { group, name, summed, accumulator, taps: names } of pending) {
    if (summed) {
      await accumulator.add(
        names.map((tap) => sums.get(tap)!),
        { samples },
      );
      for (const tap of names) sums.delete(tap);
    }
    statistics.set(group.id, { ...statistics.get(group.id), [name]: accumulator.finish() });
  }
  return { statistics, sums, samples };
}

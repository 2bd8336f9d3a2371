import type { Group } from '@snp/graph';
import { type Model, SnpError } from '@snp/onnx';
import { type Calibration, type Runtime, runTapped } from '@snp/runtime';
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
  calibration: Calibration;
  runtime: Runtime;
  batchSize?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number, total: number | undefined) => void) | undefined;
}

interface Pending {
  group: Group;
  name: string;
  accumulator: Accumulator;
  taps: string[];
}

/** Runs calibration data through the model once and gathers everything that was asked for, of all groups. */
export async function gatherStatistics(
  options: GatherOptions,
): Promise<{ statistics: Map<string, Statistics>; samples: number }> {
  const pending: Pending[] = [];
  const taps = [];
  for (const { group, keep } of options.assignments) {
    for (const [name, request] of Object.entries(options.requests)) {
      const own = request.taps(group).map((tap, at) => ({ ...tap, name: `${group.id}/${name}/${at}` }));
      if (own.length === 0) continue;
      taps.push(...own);
      pending.push({ group, name, accumulator: request.accumulate(group, { keep }), taps: own.map((tap) => tap.name) });
    }
  }
  const statistics = new Map<string, Record<string, unknown>>();
  if (pending.length === 0) return { statistics, samples: 0 };
  let samples = 0;
  await runTapped({ ...options, taps }, async (outputs, batch) => {
    samples += batch.length;
    const added = pending.map(({ accumulator, taps: names }) =>
      accumulator.add(
        names.map((name) => outputs[name]),
        { samples: batch.length },
      ),
    );
    await Promise.all(added);
  });
  if (samples === 0) throw new SnpError('calibration', 'The calibration data hold no samples.');
  for (const { group, name, accumulator } of pending) {
    statistics.set(group.id, { ...statistics.get(group.id), [name]: accumulator.finish() });
  }
  return { statistics, samples };
}

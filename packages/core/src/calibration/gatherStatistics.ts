import type { Group, NeuronGroup } from '@snp/graph';
import { type Model, SnpError } from '@snp/onnx';
import { type Calibration, type Moments, type Runtime, type RuntimeTensor, runTapped, type Tap } from '@snp/runtime';
import type { Accumulator, StatisticRequest, Statistics } from '@snp/score';
import type { MomentsRequest } from './momentsRequest.js';

/** A group that is to lose units, and how many stay per head. */
export interface Assignment {
  group: Group;
  keep: number;
}

export interface GatherOptions {
  model: Model;
  /** What to gather, by name: what the criterion asks for. */
  requests: Readonly<Record<string, StatisticRequest>>;
  /** Moments to add up, by name: what compensation asks for; and of which groups. */
  moments?: { requests: Readonly<Record<string, MomentsRequest>>; groups: readonly NeuronGroup[] } | undefined;
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
  taps: string[];
}

/** Runs calibration data through the model once and gathers everything that was asked for, of all groups. */
export async function gatherStatistics(options: GatherOptions): Promise<Gathered> {
  const accumulated: (Pending & { accumulator: Accumulator })[] = [];
  const added: (Pending & { group: NeuronGroup; request: MomentsRequest })[] = [];
  const taps: Tap[] = [...(options.sums ?? [])];
  const addTaps = (own: readonly Tap[], { group, name }: Omit<Pending, 'taps'>) => {
    const named = own.map((tap, at) => ({ ...tap, name: `${group.id}/${name}/${at}` }));
    taps.push(...named);
    return named.map((tap) => tap.name);
  };
  for (const { group, keep } of options.assignments) {
    for (const [name, request] of Object.entries(options.requests)) {
      const own = addTaps(request.taps(group), { group, name });
      if (own.length > 0)
        accumulated.push({ group, name, taps: own, accumulator: request.accumulate(group, { keep }) });
    }
  }
  for (const group of options.moments?.groups ?? []) {
    for (const [name, request] of Object.entries(options.moments!.requests)) {
      const own = addTaps(request.rows(group), { group, name });
      if (own.length > 0) added.push({ group, name, taps: own, request });
    }
  }
  const sums = new Map<string, RuntimeTensor>();
  const moments = new Map<string, Moments>();
  const statistics = new Map<string, Record<string, unknown>>();
  if (taps.length === 0) return { statistics, sums, samples: 0 };
  let samples = 0;
  const adding = {
    sums: (options.sums ?? []).map(({ name }) => name),
    onSum: (name: string, sum: RuntimeTensor) => void sums.set(name, sum),
    moments: added.flatMap((item) => item.taps),
    onMoments: (name: string, own: Moments) => void moments.set(name, own),
  };
  await runTapped({ ...options, taps, ...adding }, async (outputs, batch, size) => {
    const before = samples;
    samples += batch.length;
    // Of a batch that was filled up, nobody tells accumulators what to leave out.
    if (batch.length < size && before > 0) return;
    const waiting = accumulated.map(({ accumulator, taps: names }) =>
      accumulator.add(
        names.map((name) => outputs[name]),
        { samples: size },
      ),
    );
    await Promise.all(waiting);
  });
  if (samples === 0) throw new SnpError('calibration', 'The calibration data hold no samples.');
  const found = ({ group, name }: Pending, statistic: unknown) =>
    statistics.set(group.id, { ...statistics.get(group.id), [name]: statistic });
  for (const item of accumulated) found(item, item.accumulator.finish());
  for (const item of added) {
    const own = item.taps.map((name) => moments.get(name)!);
    found(item, item.request.statistic(item.group, own));
  }
  return { statistics, sums, samples };
}

import type { Cost, Fidelity, JobOf, PruneJob, SweepPoint } from '../../api/types.js';

/** A pruned model as a point: what it costs and how often it answers as the original does. */
export interface ResultPoint {
  model: string;
  /** What it came of, in words. */
  name: string;
  /** Shares of the original. */
  macs: number;
  params: number;
  latency: number | undefined;
  agreement: number | undefined;
}

function shares({ before, after }: { before: Cost; after: Cost }): Pick<ResultPoint, 'macs' | 'params'> {
  return { macs: after.macs / before.macs, params: after.params / before.params };
}

function agreementOf(fidelity: Fidelity | null | undefined): number | undefined {
  return fidelity?.agreement;
}

export function pointOfSweep({ cost, latency, fidelity, model, budget }: SweepPoint): ResultPoint {
  const name = Object.entries(budget)
    .map(([of, limit]) => `sweep, ${limit <= 1 ? `${Math.round(100 * limit)} %` : limit} of ${of}`)
    .join(', ');
  return { model, name, ...shares(cost), latency: latency.ratio, agreement: agreementOf(fidelity) };
}

export function pointOfPruning({ result, title }: PruneJob): ResultPoint | undefined {
  if (!result) return undefined;
  const { model, cost, fidelity } = result;
  return { model, name: title, ...shares(cost), latency: undefined, agreement: agreementOf(fidelity) };
}

/** Latency as a share of the first model's, where a device has measured it; later measurements win. */
export function withMeasured(
  points: readonly ResultPoint[],
  benchmarks: readonly JobOf<'benchmark'>[],
  original: string,
) {
  const latency = new Map<string, number>();
  for (const { result, input } of [...benchmarks].reverse()) {
    if (input.models[0] !== original) continue;
    for (const one of result?.models ?? [])
      if (one.state === 'measured' && one.speedUp) latency.set(one.id, 1 / one.speedUp.ratio);
  }
  return points.map((point) => ({ ...point, latency: latency.get(point.model) ?? point.latency }));
}

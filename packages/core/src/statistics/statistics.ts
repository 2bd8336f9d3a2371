import { type Model, SnpError } from '@snp/onnx';
import { Hash } from '@snp/runtime';
import { fingerprint } from '../plan/fingerprint.js';
import type { CrossMoments, GroupMoments, SecondMoments } from './moments.js';
import type { Sensitivity, SensitivityPoint } from './sensitivity.js';

/** Sums of the rows of a model's output. */
export interface OutputSums {
  rows: number;
  /** One number per position of the last axis. */
  sums: Float64Array;
}

/**
 * All that pruning has to know of calibration data: gathered in one pass, saved, added up over shards, and used for any number of plans without
 * another pass.
 */
export interface CalibrationStatistics {
  /** The model they belong to, weights included: `modelContent`. */
  model: string;
  samples: number;
  /** By group id. */
  groups: ReadonlyMap<string, GroupMoments>;
  /** By name of the output; for those whose bias can be changed. */
  outputs: ReadonlyMap<string, OutputSums>;
  /** What narrowing each group alone does to the answers; empty if it was not measured. */
  sensitivity: Sensitivity;
}

/**
 * Throws `calibration` unless statistics are those of a model.
 *
 * @param content Of that model: `modelContent`.
 */
export function requireModel({ model }: CalibrationStatistics, content: string): void {
  if (model === content) return;
  throw new SnpError(
    'calibration',
    `The statistics belong to another model, or to other weights of it. Make them anew with 'snp calibrate'.`,
  );
}

/** A short hash of a model with its weights. */
export function modelContent(model: Model): string {
  const hash = new Hash();
  for (const { tensor } of model.graph.initializers) hash.addBytes(tensor!.bytes());
  return `${fingerprint(model)}${hash}`;
}

/**
 * Adds up the statistics of shards of the calibration data.
 *
 * @throws SnpError `calibration` if there are none or they belong to different models.
 */
export function addStatistics(parts: readonly CalibrationStatistics[]): CalibrationStatistics {
  const [first, ...others] = parts;
  if (!first) throw new SnpError('calibration', 'There are no statistics to add up.');
  for (const other of others) {
    if (other.model !== first.model)
      throw new SnpError('calibration', 'The statistics belong to different models, and cannot be added up.');
  }
  if (others.length === 0) return first;
  const ids = [...new Set(parts.flatMap(({ groups }) => [...groups.keys()]))];
  const names = [...new Set(parts.flatMap(({ outputs }) => [...outputs.keys()]))];
  return {
    model: first.model,
    samples: parts.reduce((sum, { samples }) => sum + samples, 0),
    groups: new Map(ids.map((id) => [id, addGroup(parts.flatMap(({ groups }) => groups.get(id) ?? []))])),
    outputs: new Map(names.map((name) => [name, addOutputs(parts.flatMap(({ outputs }) => outputs.get(name) ?? []))])),
    sensitivity: meanSensitivity(parts),
  };
}

function addGroup(parts: readonly GroupMoments[]): GroupMoments {
  const seconds = parts.flatMap(({ secondMoments }) => secondMoments ?? []);
  const pairs = parts.flatMap(({ pairMoments }) => pairMoments ?? []);
  const crosses = parts.flatMap(({ crossMoments }) => (crossMoments ? [crossMoments] : []));
  const streams = parts.flatMap(({ streamMoments }) => (streamMoments ? [streamMoments] : []));
  return {
    ...(seconds.length > 0 && { secondMoments: addMoments(seconds) }),
    ...(streams.length > 0 && {
      streamMoments: streams[0].map((_, site) => addMoments(streams.map((sites) => sites[site]))),
    }),
    ...(crosses.length > 0 && {
      crossMoments: crosses[0].map((_, distance) => addCross(crosses.map((predecessors) => predecessors[distance]))),
    }),
    ...(pairs.length > 0 && {
      pairMoments: {
        count: total(pairs.map(({ count }) => count)),
        queries: pairs[0].queries.map((_, head) => added(pairs.map(({ queries }) => queries[head]))),
        keys: pairs[0].keys.map((_, head) => added(pairs.map(({ keys }) => keys[head]))),
      },
    }),
  };
}

function addMoments(parts: readonly SecondMoments[]): SecondMoments {
  return {
    count: total(parts.map(({ count }) => count)),
    sums: added(parts.map(({ sums }) => sums)),
    products: added(parts.map(({ products }) => products)),
  };
}

/** Adds up cross moments of the same place. */
export function addCross(parts: readonly CrossMoments[]): CrossMoments {
  return {
    count: total(parts.map(({ count }) => count)),
    inputs: added(parts.map(({ inputs }) => inputs)),
    outputs: added(parts.map(({ outputs }) => outputs)),
    products: added(parts.map(({ products }) => products)),
  };
}

function addOutputs(parts: readonly OutputSums[]): OutputSums {
  return { rows: total(parts.map(({ rows }) => rows)), sums: added(parts.map(({ sums }) => sums)) };
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/** Adds up lists of equal length. */
function added(lists: readonly Float64Array[]): Float64Array {
  const sum = Float64Array.from(lists[0]);
  for (const list of lists.slice(1)) for (let at = 0; at < sum.length; at++) sum[at] += list[at];
  return sum;
}

/** Divergences at the same width, averaged over the shards that have it, by their samples. */
function meanSensitivity(parts: readonly CalibrationStatistics[]): Sensitivity {
  const means: Record<string, SensitivityPoint[]> = {};
  for (const id of new Set(parts.flatMap(({ sensitivity: own }) => Object.keys(own)))) {
    const points = parts.flatMap(({ sensitivity: own, samples }) =>
      (own[id] ?? []).map((point) => ({ ...point, samples })),
    );
    const widths = [...new Set(points.map(({ width }) => width))].sort((a, b) => b - a);
    means[id] = widths.map((width) => {
      const own = points.filter((point) => point.width === width);
      const weight = total(own.map(({ samples }) => samples));
      const mean = (of: (point: SensitivityPoint) => number) =>
        total(own.map((point) => of(point) * point.samples)) / weight;
      const checked = own.every(({ crossCheck }) => crossCheck !== undefined);
      return {
        width,
        divergence: mean(({ divergence }) => divergence),
        ...(own.some(({ estimated }) => estimated) && { estimated: true }),
        ...(checked && { crossCheck: mean(({ crossCheck }) => crossCheck!) }),
      };
    });
  }
  return means;
}

import {
  type Calibration,
  DEFAULT_BATCH_SIZE,
  type Feeds,
  type Runtime,
  type RuntimeTensor,
  runSamples,
  tensors,
} from '@snp/runtime';
import type { Segment } from './segment.js';

/** How models are run. */
export interface RunOptions {
  runtime: Runtime;
  batchSize?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** One half of the samples, every other one: what is worked out from it is tried on the other. */
export type Half = 0 | 1;

export const HALVES: readonly Half[] = [0, 1];

/** Which samples. Default: all. */
export interface SomeSamples {
  half?: Half | undefined;
  /** So many of them. */
  first?: number | undefined;
}

/** What one sample is at a place of a model. */
interface Held {
  half: Half;
  /** The model's inputs that are needed further on. */
  feeds: Feeds;
  stream: RuntimeTensor;
}

/** The residual stream of a model at one place, for every sample: what lies before it need not run again. */
export class Streams {
  /** Runs samples from the model's inputs to the end of a segment, and keeps the inputs that are needed behind it. */
  static async begin(
    segment: Segment,
    calibration: Calibration,
    needed: ReadonlySet<string>,
    options: RunOptions,
  ): Promise<Streams> {
    const kept: Feeds[] = [];
    const given = tensors(async function* () {
      for await (const { feeds } of calibration.samples(options.signal)) {
        kept.push(part(feeds, needed));
        yield part(feeds, segment.inputs);
      }
    });
    const streams = await run(segment, given, options);
    const samples = streams.map((stream, at): Held => ({ half: at % 2 === 0 ? 0 : 1, feeds: kept[at], stream }));
    return new Streams(inTurns(samples, options.batchSize ?? DEFAULT_BATCH_SIZE));
  }

  private constructor(private samples: readonly Held[]) {}

  /** Those of a half, sample by sample. */
  streams(half: Half): RuntimeTensor[] {
    return this.samples.filter((sample) => sample.half === half).map(({ stream }) => stream);
  }

  /** What the streams are at the end of a segment that begins here: of the first so many samples of one half, or of all. */
  ahead(segment: Segment, options: RunOptions, some: SomeSamples = {}): Promise<RuntimeTensor[]> {
    return run(segment, this.feeding(segment, some), options);
  }

  /** Goes on to the end of a segment that begins here. */
  async advance(segment: Segment, options: RunOptions): Promise<void> {
    const streams = await this.ahead(segment, options);
    this.samples = this.samples.map((sample, at) => ({ ...sample, stream: streams[at] }));
  }

  /**
   * The samples as inputs of a segment that begins here.
   *
   * @param beside Those of another model, as a further input of this name.
   */
  feeding(
    { start, inputs }: Segment,
    { beside, half, first }: SomeSamples & { beside?: { name: string; of: Streams } } = {},
  ): Calibration {
    const chosen = this.samples.flatMap((sample, at): Feeds[] => {
      if (half !== undefined && sample.half !== half) return [];
      const own = part(sample.feeds, inputs);
      if (start !== undefined) own[start] = sample.stream;
      if (beside) own[beside.name] = beside.of.samples[at].stream;
      return [own];
    });
    return tensors(() => chosen.slice(0, first));
  }
}

/** Batches of the halves in turns: what ran together then runs together again, of a half or of all samples, and lies side by side in memory. */
function inTurns(samples: readonly Held[], size: number): Held[] {
  const halves = HALVES.map((half) => samples.filter((sample) => sample.half === half));
  const rounds = Math.ceil(halves[0].length / size);
  return Array.from({ length: rounds }, (_, round) =>
    halves.flatMap((own) => own.slice(round * size, (round + 1) * size)),
  ).flat();
}

async function run({ model, end }: Segment, calibration: Calibration, options: RunOptions): Promise<RuntimeTensor[]> {
  const streams: RuntimeTensor[] = [];
  await runSamples({ ...options, model, calibration }, (outputs, { length }) => {
    streams.push(...divided(outputs[end], length));
  });
  return streams;
}

function part(feeds: Feeds, names: Iterable<string>): Feeds {
  return Object.fromEntries([...names].map((name) => [name, feeds[name]]));
}

/** A batch as its samples: views of it. */
export function divided({ type, dims, data }: RuntimeTensor, count: number): RuntimeTensor[] {
  const length = data.length / count;
  const own = [dims[0] / count, ...dims.slice(1)];
  return Array.from({ length: count }, (_, at) => ({
    type,
    dims: own,
    data: (data as Float32Array).subarray(at * length, (at + 1) * length),
  }));
}

import { type Calibration, type Feeds, type Runtime, type RuntimeTensor, runSamples, tensors } from '@snp/runtime';
import type { Stretch } from './stretch.js';

/** How models are run. */
export interface RunOptions {
  runtime: Runtime;
  batchSize?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** What one sample is at a place of a model. */
interface Held {
  /** The model's inputs that are needed further on. */
  feeds: Feeds;
  stream: RuntimeTensor;
}

/** The residual stream of a model at one place, for every sample: what lies before it need not run again. */
export class Streams {
  /** Runs samples from the model's inputs to the end of a stretch, and keeps the inputs that are needed behind it. */
  static async begin(
    stretch: Stretch,
    calibration: Calibration,
    needed: ReadonlySet<string>,
    options: RunOptions,
  ): Promise<Streams> {
    const kept: Feeds[] = [];
    const given = tensors(async function* () {
      for await (const { feeds } of calibration.samples(options.signal)) {
        kept.push(part(feeds, needed));
        yield part(feeds, stretch.inputs);
      }
    });
    const streams = await run(stretch, given, options);
    return new Streams(streams.map((stream, at) => ({ feeds: kept[at], stream })));
  }

  private constructor(private samples: readonly Held[]) {}

  /** Sample by sample. */
  get streams(): RuntimeTensor[] {
    return this.samples.map(({ stream }) => stream);
  }

  /**
   * What the streams are at the end of a stretch that begins here.
   *
   * @param belongs Of which samples, by position. Default all.
   */
  ahead(stretch: Stretch, options: RunOptions, belongs?: (at: number) => boolean): Promise<RuntimeTensor[]> {
    return run(stretch, this.feeding(stretch, { belongs }), options);
  }

  /** Goes on to the end of a stretch that begins here. */
  async advance(stretch: Stretch, options: RunOptions): Promise<void> {
    const streams = await this.ahead(stretch, options);
    this.samples = this.samples.map(({ feeds }, at) => ({ feeds, stream: streams[at] }));
  }

  /**
   * The samples as inputs of a stretch that begins here.
   *
   * @param beside Those of another model, as a further input of this name.
   * @param belongs Which samples, by position. Default all.
   */
  feeding(
    { start, inputs }: Stretch,
    {
      beside,
      belongs = () => true,
    }: { beside?: { name: string; of: Streams }; belongs?: ((at: number) => boolean) | undefined } = {},
  ): Calibration {
    const { samples } = this;
    return tensors(() =>
      samples
        .map(({ feeds, stream }, at) => ({
          ...part(feeds, inputs),
          ...(start !== undefined && { [start]: stream }),
          ...(beside && { [beside.name]: beside.of.samples[at].stream }),
        }))
        .filter((_, at) => belongs(at)),
    );
  }
}

async function run({ model, end }: Stretch, calibration: Calibration, options: RunOptions): Promise<RuntimeTensor[]> {
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

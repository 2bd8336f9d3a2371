import type { Calibration, Feeds, Sample } from '@snp/runtime';

/** Calibration data whose inputs are changed as they come. */
export function mapSamples(data: Calibration, change: (feeds: Feeds) => Feeds): Calibration {
  return {
    count: data.count,
    get skipped() {
      return data.skipped;
    },
    decode: data.decode,
    async *samples(signal?: AbortSignal): AsyncGenerator<Sample> {
      for await (const sample of data.samples(signal)) yield { ...sample, feeds: change(sample.feeds) };
    },
  };
}

import type { Calibration, Sample } from '@snp/runtime';

/** The first samples of calibration data. */
export function firstSamples(calibration: Calibration, limit: number): Calibration {
  return {
    count: calibration.count === undefined ? undefined : Math.min(limit, calibration.count),
    get skipped() {
      return calibration.skipped;
    },
    async *samples(signal?: AbortSignal): AsyncGenerator<Sample> {
      let left = limit;
      for await (const sample of calibration.samples(signal)) {
        yield sample;
        if (--left <= 0) return;
      }
    },
  };
}

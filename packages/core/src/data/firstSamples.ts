import { type Calibration, derivedCalibration } from '@snp/runtime';

/** The first samples of calibration data. */
export function firstSamples(calibration: Calibration, limit: number): Calibration {
  const { count } = calibration;
  return derivedCalibration(
    calibration,
    async function* (signal) {
      let left = limit;
      for await (const sample of calibration.samples(signal)) {
        yield sample;
        if (--left <= 0) return;
      }
    },
    count === undefined ? undefined : Math.min(limit, count),
  );
}

import { type Calibration, derivedCalibration } from '@snp/runtime';

/** The samples at some positions of calibration data, so many in all. */
export function part(calibration: Calibration, count: number, belongs: (at: number) => boolean): Calibration {
  return derivedCalibration(
    calibration,
    async function* (signal) {
      let at = 0;
      for await (const sample of calibration.samples(signal)) if (belongs(at++)) yield sample;
    },
    count,
  );
}

import { type Calibration, derivedCalibration, type Feeds } from '@snp/runtime';

/** Calibration data whose inputs are changed as they come. */
export function mapSamples(data: Calibration, change: (feeds: Feeds) => Feeds): Calibration {
  return derivedCalibration(data, async function* (signal) {
    for await (const sample of data.samples(signal)) yield { ...sample, feeds: change(sample.feeds) };
  });
}

import { type Calibration, derivedCalibration, Hash } from '@snp/runtime';

/** Calibration data that say which they were, once they were read to the end. */
export interface FingerprintedData extends Calibration {
  /** A short hash of all samples in their order; undefined before. */
  readonly fingerprint: string | undefined;
  /** How many samples those were. */
  readonly passed: number;
}

/** Watches calibration data go by: the first pass to the end tells which they are. */
export function fingerprinted(data: Calibration): FingerprintedData {
  let found: string | undefined;
  let passed = 0;
  const watched = derivedCalibration(data, async function* (signal) {
    const hash = new Hash();
    let count = 0;
    for await (const sample of data.samples(signal)) {
      if (found === undefined) hash.addSample(sample);
      count++;
      yield sample;
    }
    if (found === undefined) passed = count;
    found ??= hash.toString();
  });
  const told = { fingerprint: { get: () => found }, passed: { get: () => passed } };
  return Object.defineProperties(watched, told) as FingerprintedData;
}

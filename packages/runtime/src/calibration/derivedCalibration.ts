import type { Calibration } from './calibration.js';

/** All that there is to know of calibration data: a field that is new has to be thought of here. */
type Known = { [Field in keyof Required<Calibration>]: Calibration[Field] };

/**
 * Calibration data whose samples are made of those of others, or are some of them: what is known of these is known of them.
 *
 * @param count How many there are. Default: as many.
 */
export function derivedCalibration(
  from: Calibration,
  samples: Calibration['samples'],
  count: number | undefined = from.count,
): Calibration {
  const known: Known = {
    count,
    get skipped() {
      return from.skipped;
    },
    pictures: from.pictures,
    description: from.description,
    decode: from.decode,
    samples,
  };
  return known;
}

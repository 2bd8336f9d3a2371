import type { Calibration } from '@snp/runtime';
import { part } from './part.js';

/** Every so many samples, one is held back. */
const EVERY = 8;

/** At least so many samples must stay for calibration. */
const LEAST = 16;

/**
 * Divides calibration data: most of it to calibrate with, every eighth sample to see afterwards what pruning did. Nothing is held
 * back from fewer than 16 samples, or where their number is not known.
 */
export function holdBack(calibration: Calibration): { fit: Calibration; held: Calibration | undefined } {
  const { count } = calibration;
  if (count === undefined || count < LEAST) return { fit: calibration, held: undefined };
  const held = Math.floor(count / EVERY);
  return {
    fit: part(calibration, count - held, (at) => at % EVERY !== EVERY - 1),
    held: part(calibration, held, (at) => at % EVERY === EVERY - 1),
  };
}

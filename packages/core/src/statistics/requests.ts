import type { GroupMoments } from './moments.js';

/** What is asked of calibration data. */
export interface CalibrationRequests {
  /** Moments of groups; cross moments are those of branches. Default: all that the model's units can use. */
  readonly moments?: readonly (keyof GroupMoments)[] | undefined;
  /** Sums of the model's outputs, to correct biases by. Default true. */
  readonly outputs?: boolean | undefined;
}

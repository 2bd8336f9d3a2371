import type { Protocol } from '../../src/index.js';

/** As little as there can be of everything. */
export const BRIEF: Protocol = {
  name: 'brief',
  launches: 2,
  warmUp: { runs: 2 },
  turn: 2,
  runs: 8,
  leastSeconds: 0,
  statistic: 'median',
  selfCheck: false,
};

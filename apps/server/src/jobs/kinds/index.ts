import type { JobType } from '../job.js';
import { calibrate } from './calibrate.js';
import { inspect } from './inspect.js';
import type { Kind } from './kind.js';
import { prune } from './prune.js';
import { sweep, sweepPoint } from './sweep.js';

/** Kinds of jobs that workers do; benchmarks are done by devices. */
export const KINDS: Readonly<Partial<Record<JobType, Kind>>> = {
  inspect,
  calibrate,
  'calibrate-shard': calibrate,
  prune,
  'sweep-point': sweepPoint,
  sweep,
};

import type { Datasets } from './catalog/datasets.js';
import type { Models } from './catalog/models.js';
import type { Uploads } from './catalog/uploads.js';
import type { Database } from './database/database.js';
import type { Devices } from './devices/devices.js';
import type { Events } from './events/events.js';
import type { Audit } from './http/audit.js';
import type { Connections } from './http/connections.js';
import type { Idempotency } from './http/idempotency.js';
import type { RateLimits } from './http/rateLimits.js';
import type { SessionCookie } from './http/sessionCookie.js';
import type { Turns } from './http/turns.js';
import type { JobQueue } from './jobs/jobQueue.js';
import type { Jobs } from './jobs/jobs.js';
import type { Log } from './log.js';
import type { Disk } from './operation/disk.js';
import type { Metrics } from './operation/metrics.js';
import type { Predictor } from './predict/predictor.js';
import type { Strangers } from './security/strangers.js';
import type { Tokens } from './security/tokens.js';
import type { Settings } from './settings.js';
import type { Blobs } from './storage/blobs.js';

/** All that routes work with. */
export interface Services {
  settings: Settings;
  database: Database;
  blobs: Blobs;
  disk: Disk;
  queue: JobQueue;
  jobs: Jobs;
  models: Models;
  datasets: Datasets;
  uploads: Uploads;
  devices: Devices;
  predictor: Predictor;
  tokens: Tokens;
  sessionCookie: SessionCookie;
  events: Events;
  idempotency: Idempotency;
  limits: RateLimits;
  turns: Turns;
  connections: Connections;
  strangers: Strangers;
  audit: Audit;
  metrics: Metrics;
  log: Log;
  /** True once everything can be used, and until it stops. */
  isReady(): boolean;
}

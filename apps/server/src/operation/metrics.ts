import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Database } from '../database/database.js';

/** Numbers for Prometheus. */
export class Metrics {
  readonly registry = new Registry();
  readonly #requests: Histogram<'method' | 'route' | 'status'>;
  readonly #received: Counter;
  readonly #damaged: Gauge;
  readonly #strangers: Counter<'status'>;
  readonly #unlisted: Counter;

  constructor(database: Database, listeners: () => number, free: () => Promise<Record<string, number>>) {
    const { registry } = this;
    collectDefaultMetrics({ register: registry, prefix: 'snp_' });
    this.#requests = new Histogram({
      name: 'snp_http_request_seconds',
      help: 'Time from a request to its answer',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers: [registry],
    });
    this.#received = new Counter({
      name: 'snp_upload_bytes_total',
      help: 'Bytes that uploads brought',
      registers: [registry],
    });
    this.#damaged = new Gauge({
      name: 'snp_damaged_files',
      help: 'Files of the artefact store that were missing or not as they were when all were last read',
      registers: [registry],
    });
    this.#strangers = new Counter({
      name: 'snp_unidentified_refused_total',
      help: 'Requests without a token that is one, which were refused',
      labelNames: ['status'],
      registers: [registry],
    });
    this.#unlisted = new Counter({
      name: 'snp_audit_unlisted_total',
      help: 'Refused requests of tokens that were refused too often to be listed one by one',
      registers: [registry],
    });
    new Gauge({
      name: 'snp_event_listeners',
      help: 'Connections that events are sent to',
      registers: [registry],
      collect() {
        this.set(listeners());
      },
    });
    new Gauge({
      name: 'snp_disk_free_bytes',
      help: 'Bytes that are free on the disk, by what the server keeps there',
      labelNames: ['folder'],
      registers: [registry],
      async collect() {
        for (const [folder, bytes] of Object.entries(await free())) this.set({ folder }, bytes);
      },
    });
    new Gauge({
      name: 'snp_jobs',
      help: 'Jobs by type and state',
      labelNames: ['type', 'state'],
      registers: [registry],
      async collect() {
        const rows = await database.query<{ type: string; state: string; count: number }>(
          'select type, state, count(*)::int as count from snp.jobs group by type, state',
        );
        this.reset();
        for (const { type, state, count } of rows) this.set({ type, state }, count);
      },
    });
    new Gauge({
      name: 'snp_stored_bytes',
      help: 'Bytes of the artefact store',
      registers: [registry],
      async collect() {
        const [row] = await database.query<{ bytes: number }>('select bytes::float8 as bytes from snp.stored');
        this.set(row.bytes);
      },
    });
  }

  request(method: string, route: string, status: number, seconds: number): void {
    this.#requests.observe({ method, route, status: String(status) }, seconds);
  }

  damaged(files: number): void {
    this.#damaged.set(files);
  }

  stranger(status: number): void {
    this.#strangers.inc({ status: String(status) });
  }

  unlisted(): void {
    this.#unlisted.inc();
  }

  received(bytes: number): void {
    this.#received.inc(bytes);
  }
}

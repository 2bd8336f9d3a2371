import { healthz, metrics as metricsRoute, readyz } from '../api/operation.js';
import { Failure } from '../failure.js';
import type { App } from '../http/env.js';
import type { Services } from '../services.js';
import { mount } from './mount.js';

/** Routes for those who run the server. */
export function operationRoutes(app: App, services: Services): void {
  const { database, blobs, disk, metrics } = services;

  mount(app, services, healthz, (context) => context.json({ status: 'ok' as const }, 200));

  mount(app, services, readyz, async (context) => {
    if (!services.isReady()) throw new Failure('unavailable', 'The server is starting or stopping.');
    await Promise.all([database.query('select 1'), blobs.store.open()]).catch(() => {
      throw new Failure('unavailable', 'The database or the artefact store cannot be used.');
    });
    await disk.require().catch((error: Failure) => {
      throw new Failure('unavailable', error.message);
    });
    return context.json({ status: 'ready' as const }, 200);
  });

  mount(
    app,
    services,
    metricsRoute,
    async (context) =>
      context.text(await metrics.registry.metrics(), 200, { 'content-type': metrics.registry.contentType }) as never,
  );
}

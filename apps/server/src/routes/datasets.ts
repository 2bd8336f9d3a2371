import { createDataset, deleteDataset, getDataset, listDatasets } from '../api/datasets.js';
import { type DatasetFile, type DatasetRow, presentDataset } from '../catalog/datasets.js';
import { cursorOf, page } from '../http/cursor.js';
import { type App, identityOf } from '../http/env.js';
import type { Services } from '../services.js';
import { mount } from './mount.js';

/** Routes for data sets. */
export function datasetRoutes(app: App, services: Services): void {
  const { database, datasets, uploads, idempotency } = services;

  mount(app, services, listDatasets, async (context) => {
    const { cursor, limit } = context.req.valid('query');
    const { created, id } = cursorOf(cursor);
    const rows = await database.query<DatasetRow>(
      'select * from snp.datasets where (created, id) < ($1::timestamptz, $2) order by created desc, id desc limit $3',
      [created, id, limit + 1],
    );
    return context.json(page(rows, limit, presentDataset), 200);
  });

  mount(app, services, createDataset, async (context) => {
    const { name, files } = context.req.valid('json');
    const { token } = identityOf(context);
    return idempotency.once(context, { name, files }, async () => {
      const blobs = await uploads.allComplete(
        files.map(({ upload }) => upload),
        token,
      );
      const complete: DatasetFile[] = files.map(({ path, upload }) => ({ path, ...blobs.get(upload)! }));
      const { row, fresh } = await datasets.add(name, complete, context.req.raw.signal);
      return { status: fresh ? 201 : 200, body: presentDataset(row) };
    }) as never;
  });

  mount(app, services, getDataset, async (context) =>
    context.json(presentDataset(await datasets.get(context.req.valid('param').id)), 200),
  );

  mount(app, services, deleteDataset, async (context) => {
    await datasets.remove(context.req.valid('param').id);
    return context.body(null, 204);
  });
}

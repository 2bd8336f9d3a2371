import { getAnalysis, getTradeOff, predict } from '../api/analysis.js';
import { createModel, deleteModel, downloadModel, getModel, listModels } from '../api/models.js';
import { clashOf } from '../catalog/layout.js';
import { type ModelRow, presentModel } from '../catalog/models.js';
import { Failure } from '../failure.js';
import { cursorOf, page } from '../http/cursor.js';
import { type App, identityOf } from '../http/env.js';
import { sendBlob } from '../http/sendBlob.js';
import { requireJobShare } from '../jobs/jobShare.js';
import { workModel } from '../jobs/workModel.js';
import type { Services } from '../services.js';
import { calibrationOf } from './calibrationOf.js';
import { mount } from './mount.js';

/** Routes for models. */
export function modelRoutes(app: App, services: Services): void {
  const { database, models, uploads, blobs, predictor, idempotency, settings } = services;

  mount(app, services, listModels, async (context) => {
    const { cursor, limit, origin } = context.req.valid('query');
    const { created, id } = cursorOf(cursor);
    const rows = await database.query<ModelRow>(
      `select * from snp.models where (created, id) < ($1::timestamptz, $2) and ($3::text is null or origin_model = $3)
       order by created desc, id desc limit $4`,
      [created, id, origin ?? null, limit + 1],
    );
    return context.json(page(rows, limit, presentModel), 200);
  });

  mount(app, services, createModel, async (context) => {
    const input = context.req.valid('json');
    const { token, name: createdBy } = identityOf(context);
    return idempotency.once(context, input, async () => {
      const clash = clashOf(['model.onnx', ...input.data.map(({ location }) => location)]);
      if (clash)
        throw new Failure(
          'invalid-argument',
          `The data file '${clash}' stands there twice, is a folder of another's, or has the model's own place, 'model.onnx'.`,
        );
      const { sha256, bytes: own } = await uploads.complete(input.upload, token);
      const data: ModelRow['data'] = [];
      for (const { location, upload } of input.data)
        data.push({ location, ...(await uploads.complete(upload, token)) });
      const bytes = data.reduce((sum, file) => sum + Number(file.bytes), Number(own));
      const { row, fresh } = await database.transaction(async (sql) => {
        await requireJobShare(sql, settings.activeJobs, token);
        return models.add(sql, { name: input.name, sha256, data, bytes, createdBy, token });
      });
      return { status: fresh ? 201 : 200, body: presentModel(row) };
    }) as never;
  });

  mount(app, services, getModel, async (context) =>
    context.json(presentModel(await models.get(context.req.valid('param').id)), 200),
  );

  mount(app, services, deleteModel, async (context) => {
    await models.remove(context.req.valid('param').id);
    return context.body(null, 204);
  });

  mount(app, services, downloadModel, async (context) => {
    const row = await models.get(context.req.valid('param').id);
    const { location } = context.req.valid('query');
    const type = 'application/octet-stream';
    if (location === undefined) {
      const bytes = Number(row.bytes) - row.data.reduce((sum, file) => sum + Number(file.bytes), 0);
      return sendBlob(context, blobs.store, { sha256: row.sha256, bytes, name: row.name, type }) as never;
    }
    const file = row.data.find((own) => own.location === location) ?? Failure.notFound('data file', location);
    return sendBlob(context, blobs.store, { ...file, name: location.split('/').at(-1)!, type }) as never;
  });

  mount(app, services, getAnalysis, async (context) => {
    const text = await models.analysisOf(await models.ready(context.req.valid('param').id));
    return context.body(text, 200, { 'content-type': 'application/json' }) as never;
  });

  mount(app, services, predict, async (context) => {
    const row = await models.ready(context.req.valid('param').id);
    const { target, calibration, round, least } = context.req.valid('json');
    const job = calibration === undefined ? undefined : await calibrationOf(services, calibration, row, true);
    const curves = job?.artefacts.find(({ name }) => name === 'curves.json')?.sha256;
    return context.json(
      await predictor.predict(workModel(row), curves, { target, round, least }, identityOf(context).token),
      200,
    );
  });

  mount(app, services, getTradeOff, async (context) => {
    const row = await models.ready(context.req.valid('param').id);
    const job = await calibrationOf(services, context.req.valid('query').calibration, row, true);
    const file =
      job.artefacts.find(({ name }) => name === 'trade-off.json') ?? Failure.notFound('trade-off of', job.id);
    return sendBlob(context, blobs.store, { ...file, view: true }) as never;
  });
}

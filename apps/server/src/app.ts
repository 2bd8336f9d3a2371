import { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { openApiDocument } from './api/openapi.js';
import { Failure } from './failure.js';
import type { App, Env } from './http/env.js';
import { sameOrigin } from './http/origin.js';
import { pages, readPages } from './http/pages.js';
import { invalidRequest, problem, problemOf } from './http/problems.js';
import { pathBelow, publicPath } from './http/publicPath.js';
import { requests } from './http/requests.js';
import { securityHeaders } from './http/securityHeaders.js';
import { aboutRoutes } from './routes/about.js';
import { datasetRoutes } from './routes/datasets.js';
import { deviceRoutes } from './routes/devices.js';
import { jobRoutes } from './routes/jobs.js';
import { modelRoutes } from './routes/models.js';
import { operationRoutes } from './routes/operation.js';
import { sessionRoutes } from './routes/session.js';
import { tokenRoutes } from './routes/tokens.js';
import { uploadRoutes } from './routes/uploads.js';
import { usageRoutes } from './routes/usage.js';
import type { Services } from './services.js';

/** How an app is reached. */
export interface AppOptions {
  version: string;
  /** `https://snp.example.org`, where it is reached by another name than it listens on. */
  publicUrl: string | undefined;
  /** Bound to this machine alone. */
  loopbackOnly: boolean;
}

/** Most bytes of a JSON body: the names of a large data set, a benchmark with all its runs. */
const BODY_BYTES = 16 * 2 ** 20;

/** The whole of what the server answers. */
export async function makeApp(services: Services, { version, publicUrl, loopbackOnly }: AppOptions): Promise<App> {
  const { log, metrics, audit } = services;
  const prefix = publicPath(publicUrl);
  const app: App = new OpenAPIHono<Env>({ defaultHook: invalidRequest, getPath: pathBelow(prefix) });
  const limited = bodyLimit({
    maxSize: BODY_BYTES,
    onError: () => {
      throw new Failure('quota', `The request has more than ${BODY_BYTES} bytes. Files are sent as uploads.`, 413);
    },
  });
  app.onError((error, context) => problemOf(error, context, log));
  app.notFound((context) => problem(context, 404, 'not-found', 'There is nothing here.'));
  app.use(requests(log, metrics, audit), securityHeaders(), sameOrigin(publicUrl, loopbackOnly));
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (context, methods) => {
        const allow = methods.join(', ');
        return problem(
          context,
          405,
          'invalid-argument',
          `${context.req.method} does nothing here; ${allow} do.`,
          {},
          { allow },
        );
      },
    }),
  );
  app.use((context, next) => (context.req.path.startsWith('/api/uploads/') ? next() : limited(context, next)));
  app.use('/api/*', async (context, next) => {
    await next();
    if (!context.res.headers.has('cache-control')) context.res.headers.set('cache-control', 'no-store');
  });
  sessionRoutes(app, services);
  aboutRoutes(app, services, version);
  uploadRoutes(app, services);
  modelRoutes(app, services);
  datasetRoutes(app, services);
  jobRoutes(app, services);
  deviceRoutes(app, services);
  tokenRoutes(app, services);
  usageRoutes(app, services);
  operationRoutes(app, services);
  // Made for whoever asks first: it takes as long as all else of a start.
  let document: string | undefined;
  app.get('/openapi.json', (context) => {
    document ??= JSON.stringify(openApiDocument(version, prefix));
    return context.body(document, 200, { 'content-type': 'application/json' });
  });
  if (prefix) app.get(prefix, (context) => context.redirect(`${prefix}/`, 308));
  app.use(pages(await readPages()));
  return app;
}

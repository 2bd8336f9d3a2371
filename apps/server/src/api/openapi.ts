import { OpenAPIHono } from '@hono/zod-openapi';
import * as about from './about.js';
import * as analysis from './analysis.js';
import * as datasets from './datasets.js';
import * as devices from './devices.js';
import * as jobs from './jobs.js';
import * as models from './models.js';
import * as operation from './operation.js';
import * as session from './session.js';
import * as tokens from './tokens.js';
import * as uploads from './uploads.js';

const MODULES = [session, about, uploads, models, analysis, datasets, jobs, devices, tokens, operation];

/**
 * The OpenAPI 3.1 document of the whole API.
 *
 * @param prefix Path below which the server is reached.
 */
export function openApiDocument(version: string, prefix = ''): object {
  const app = new OpenAPIHono();
  for (const module of MODULES) {
    for (const one of Object.values(module)) if (isRoute(one)) app.openAPIRegistry.registerPath(one);
  }
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description: 'A token that an administrator made. Scopes are the roles that may use a route.',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: 'snp_session_SERVER',
    description: 'Of a browser that signed in. SERVER is the id of the server; over TLS, __Host- stands before the name.',
  });
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'snp server',
      version,
      description: 'Models, data sets, jobs, devices and results of a team that makes Transformers smaller.',
      license: { name: 'Apache-2.0' },
    },
    servers: [{ url: prefix || '/' }],
  });
}

type Route = Parameters<OpenAPIHono['openAPIRegistry']['registerPath']>[0];

function isRoute(value: unknown): value is Route {
  return typeof value === 'object' && value !== null && 'method' in value && 'path' in value && 'responses' in value;
}

export { openApiDocument } from './api/openapi.js';
export { ROLES, type Role } from './api/route.js';
export { type CheckReport, checkServer } from './checkServer.js';
export type { CheckedFile } from './operation/checkFiles.js';
export { SERVER_DEFAULTS, type ServerOptions } from './serverOptions.js';
export { SETTINGS, type Settings } from './settings.js';
export { type RunningServer, startServer } from './startServer.js';
export { type RunningWorker, startWorker, type WorkerOptions } from './startWorker.js';
export type { S3Options } from './storage/s3Store.js';

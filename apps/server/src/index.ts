export { openApiDocument } from './api/openapi.js';

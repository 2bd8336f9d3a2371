export { defineConfig, type SnpConfig } from './defineConfig.js';
export { configSchema } from './schema.js';

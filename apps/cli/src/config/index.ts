export { defineConfig, type SnpConfig } from './defineConfig.js';

import { fileURLToPath } from 'node:url';

/** The built file that runs models in a process of its own; found alike from the sources and from the built package. */
export const workerPath = fileURLToPath(new URL('../dist/worker.js', import.meta.url));

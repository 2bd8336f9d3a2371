import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { index: 'src/index.ts', worker: 'src/session/worker.ts' },
  format: 'esm',
  target: 'node20',
  dts: true,
  clean: true,
});

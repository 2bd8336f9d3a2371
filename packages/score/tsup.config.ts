import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { index: 'src/index.ts', pairScoresWorker: 'src/snp/pairScoresWorker.ts' },
  format: 'esm',
  target: 'node20',
  dts: { entry: 'src/index.ts' },
  clean: true,
});

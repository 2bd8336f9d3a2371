import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { index: 'src/index.ts', config: 'src/config/index.ts' },
  format: 'esm',
  target: 'node20',
  dts: { entry: { config: 'src/config/index.ts' } },
  clean: true,
});

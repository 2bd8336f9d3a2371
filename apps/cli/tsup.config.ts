import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { index: 'src/index.ts', config: 'src/config/index.ts' },
  format: 'esm',
  target: 'node20',
  dts: true,
  clean: true,
});

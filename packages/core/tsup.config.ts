import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/index.ts', 'src/entries/*.ts'],
  format: 'esm',
  target: 'node20',
  // What entries share stands in chunks: one class of each name, whichever entry it comes from.
  splitting: true,
  dts: true,
  // Chunks are imported for their names alone, as "sideEffects" in package.json says.
  treeshake: { moduleSideEffects: false },
  clean: true,
});

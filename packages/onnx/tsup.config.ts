import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/index.ts', 'src/node.ts', 'src/nodeInBrowser.ts'],
  format: 'esm',
  target: 'node20',
  dts: { entry: ['src/index.ts', 'src/node.ts'] },
  // Chunks are imported for their names alone, as "sideEffects" in package.json says.
  treeshake: { moduleSideEffects: false },
  clean: true,
});

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

// Everything becomes a file of its own origin: the policy of the server allows no script or style that stands in the page.
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // A proxy may put the pages below a path of their own.
  base: './',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});

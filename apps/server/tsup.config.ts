import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    // Processes of their own.
    makeTemplate: 'src/makeTemplate.ts',
    embeddedProcess: 'src/database/embeddedProcess.ts',
    taskProcess: 'src/tasks/taskProcess.ts',
    predictorProcess: 'src/predict/predictorProcess.ts',
  },
  format: 'esm',
  target: 'node20',
  dts: { entry: 'src/index.ts' },
  // The pages and the empty database are made by others.
  clean: ['!web/**', '!database.gz'],
});

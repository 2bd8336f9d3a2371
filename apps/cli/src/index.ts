import { SnpError } from '@snp/core';
import { removeUnfinished } from '@snp/onnx/node';
import { reportError } from './output/errors.js';
import { EXIT } from './output/exitCodes.js';
import { withItsModule } from './plugins/importModule.js';
import { createProgram } from './program.js';

// An interrupted command leaves nothing half-written behind.
for (const [signal, code] of [
  ['SIGINT', EXIT.interrupted],
  ['SIGTERM', EXIT.terminated],
] as const) {
  process.once(signal, () => {
    removeUnfinished();
    process.exit(code);
  });
}
// Code of someone else may fail when nobody waits for it.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    removeUnfinished();
    process.exit(reportError(withItsModule(error)));
  });
}
// A reader that closes the pipe early (head, less) has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  throw error;
});

try {
  await createProgram().parseAsync();
} catch (error) {
  const code = reportError(error);
  // Code of someone else may have left timers running.
  if (error instanceof SnpError && error.code === 'plugin') process.exit(code);
  process.exitCode = code;
}
